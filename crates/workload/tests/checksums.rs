//! Every workload on every strategy reads back what its definition says.

use heapbench_heap::{Heap, HeapConfig, Introspect, NoRecorder};
use heapbench_memory::Mimalloc;
use heapbench_strategy_bump::Bump;
use heapbench_strategy_mark_sweep::MarkSweep;
use heapbench_strategy_refcount::Plain;
use heapbench_strategy_refcount_generational::Generational;
use heapbench_workload::{DEFAULT_SEED, Definition, Group, Parameters, Profile, definitions, find};

fn run<H: Heap<Recorder = NoRecorder> + Introspect>(
    definition: &Definition,
    parameters: &Parameters,
) -> (u64, H) {
    let prepared = definition.prepare(parameters, DEFAULT_SEED).unwrap();
    let mut heap = H::new(&HeapConfig::default(), NoRecorder).unwrap();
    let outcome = prepared.run(&mut heap).unwrap();
    assert!(outcome.operations > 0);
    heap.verify().unwrap_or_else(|corruption| panic!("{}: {corruption}", definition.name));
    (outcome.checksum, heap)
}

fn every_workload_reads_back_what_it_should<H: Heap<Recorder = NoRecorder> + Introspect>() {
    let mut wrong = Vec::new();
    for definition in definitions().unwrap_or_else(|error| panic!("{error}")) {
        let (checksum, mut heap) = run::<H>(&definition, &definition.parameters(Profile::Smoke));
        if definition.expected_checksum(Profile::Smoke) != Some(checksum) {
            wrong.push(format!("{}: read back {checksum:016x}, its file says otherwise", definition.name));
        }
        if H::CAPABILITIES.collects_cycles {
            heap.collect(heapbench_heap::Generation::FULL);
            assert_only_immortals(&heap, &definition);
        } else if H::CAPABILITIES.prompt && definition.name == "json" {
            assert_only_immortals(&heap, &definition);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A program releases every local; what is left is what an interpreter has for ever.
fn assert_only_immortals<H: Heap>(heap: &H, definition: &Definition) {
    let counters = heap.counters();
    let alive = counters.objects_allocated - counters.objects_freed;
    let most = if definition.group == Group::Program { 600 } else { 0 };
    assert!(alive <= most, "{}: {alive} objects are left, expected at most {most}", definition.name);
}

#[test]
fn on_bump() {
    every_workload_reads_back_what_it_should::<Bump<NoRecorder>>();
}

#[test]
fn on_refcount() {
    every_workload_reads_back_what_it_should::<Plain<Mimalloc, NoRecorder>>();
}

#[test]
fn on_refcount_generational() {
    every_workload_reads_back_what_it_should::<Generational<Mimalloc, NoRecorder>>();
}

#[test]
fn on_mark_sweep() {
    every_workload_reads_back_what_it_should::<MarkSweep<NoRecorder>>();
}

/// Sets parameters of the smoke profile and runs on plain reference counting.
fn run_with(workload: &str, settings: &[(&str, &str)], seed: u64) -> u64 {
    let definition = find(workload).unwrap();
    let mut parameters = definition.parameters(Profile::Smoke);
    for (key, value) in settings {
        definition.set(&mut parameters, key, value).unwrap();
    }
    let prepared = definition.prepare(&parameters, seed).unwrap();
    let mut heap = Plain::<Mimalloc, NoRecorder>::new(&HeapConfig::default(), NoRecorder).unwrap();
    let outcome = prepared.run(&mut heap).unwrap();
    heap.verify().unwrap();
    outcome.checksum
}

#[test]
fn the_smallest_parameters_run() {
    for (workload, settings) in [
        ("binary-trees", vec![("depth", "0"), ("iterations", "1")]),
        ("rings", vec![("nodes", "1"), ("ring", "1"), ("automatic", "false")]),
        ("rings", vec![("nodes", "7"), ("ring", "3")]),
        ("live-graph", vec![("objects", "1"), ("degree", "1"), ("collections", "1")]),
        ("churn", vec![("live", "1"), ("steps", "1")]),
        ("linked-list", vec![("length", "1"), ("walk", "false")]),
        ("lru-cache", vec![("capacity", "1"), ("keys", "1"), ("steps", "1")]),
        ("lru-cache", vec![("capacity", "1"), ("keys", "5"), ("steps", "1000"), ("skew", "0")]),
        (
            "requests",
            vec![("headers", "0"), ("rows", "0"), ("depth", "0"), ("sessions", "1"), ("failure_rate", "1")],
        ),
        ("requests", vec![("requests", "1"), ("failure_rate", "0")]),
    ] {
        run_with(workload, &settings, 3);
    }
}

#[test]
fn random_choices_follow_the_seed() {
    for workload in ["live-graph", "churn", "lru-cache"] {
        assert_eq!(run_with(workload, &[], 5), run_with(workload, &[], 5), "{workload}");
        assert_ne!(run_with(workload, &[], 5), run_with(workload, &[], 6), "{workload}");
    }
}

/// Objects that plain reference counting leaks: what only a cycle collector reclaims. Immortals excluded.
fn leaked(workload: &str, settings: &[(&str, &str)]) -> u64 {
    let definition = find(workload).unwrap();
    let mut parameters = definition.parameters(Profile::Smoke);
    settings.iter().for_each(|(key, value)| definition.set(&mut parameters, key, value).unwrap());
    let (plain, heap) = run::<Plain<Mimalloc, NoRecorder>>(&definition, &parameters);
    let (collecting, mut collected) = run::<Generational<Mimalloc, NoRecorder>>(&definition, &parameters);
    collected.collect(heapbench_heap::Generation::FULL);
    assert_eq!(plain, collecting);
    let alive = |counters: heapbench_heap::Counters| counters.objects_allocated - counters.objects_freed;
    alive(heap.counters()) - alive(collected.counters())
}

#[test]
fn garbage_is_cyclic_where_the_program_makes_it_so() {
    for workload in ["binary-trees", "churn", "linked-list", "json"] {
        assert_eq!(leaked(workload, &[]), 0, "{workload}");
    }
    assert_eq!(leaked("rings", &[]), 200_000, "every node and its float");
    // The root, and of each link the list, the result with its float, and the key unless that is a small int. The
    // cache and the cell die by counting.
    let links = leaked("lru-cache", &[("capacity", "50"), ("steps", "20000")]);
    assert!((1 + 50 * 3..=1 + 50 * 4).contains(&links), "{links}");
    assert_eq!(leaked("requests", &[("failure_rate", "0")]), 0);
    let settings =
        [("failure_rate", "1"), ("requests", "100"), ("headers", "0"), ("rows", "0"), ("depth", "3")];
    // A request, its headers and its session's str; an exception and its arguments; a frame object and a traceback
    // for middleware, four layers and the view; the rows.
    let request = 3 + 2 + 2 * 6 + 1;
    // Frame objects refer to the caller's, `serve`, and to the sessions: a dict of 1000 keys and instances.
    assert_eq!(leaked("requests", &settings), 100 * request + 1 + 1 + 2 * 1000);
}

#[test]
fn a_long_list_and_a_deep_document_need_no_deep_stack() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let nested = format!("{}{}", "[".repeat(127), "]".repeat(127));
    std::fs::write(file.path(), nested).unwrap();
    let path = file.path().display().to_string();
    let work = move || {
        run_with("linked-list", &[("length", "3000000")], 1);
        run_with("json", &[("input", &path)], 1);
        run_with("requests", &[("depth", "200"), ("requests", "50")], 1);
        run_with("binary-trees", &[("depth", "15"), ("iterations", "1")], 1);
    };
    std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
}

#[test]
fn memory_that_runs_out_is_an_error_at_any_time() {
    for definition in definitions().unwrap() {
        let parameters = definition.parameters(Profile::Smoke);
        let needs = run::<Plain<Mimalloc, NoRecorder>>(&definition, &parameters).1.peak_live_bytes();
        let prepared = definition.prepare(&parameters, DEFAULT_SEED).unwrap();
        for limit in [64, 100, 1000, 10_000, 50_000, 100_000, needs - 1, needs] {
            let config = HeapConfig { limit: Some(limit), ..HeapConfig::default() };
            let mut heap = Plain::<Mimalloc, NoRecorder>::new(&config, NoRecorder).unwrap();
            let fits = limit >= needs;
            assert_eq!(prepared.run(&mut heap).is_ok(), fits, "{} in {limit} bytes", definition.name);
            heap.verify().unwrap();
        }
    }
}
