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
        ("size-mix", vec![("ring", "1"), ("steps", "1")]),
        ("fragmentation", vec![("objects", "1"), ("phases", "12"), ("survivors", "1")]),
        ("fragmentation", vec![("objects", "100"), ("survivors", "0")]),
        ("load", vec![("live_objects", "1"), ("steps", "1"), ("reads", "0"), ("sizes", "2")]),
        ("load", vec![("steps", "1000"), ("survival", "1"), ("containers", "1"), ("cyclic_fraction", "1")]),
        ("lru-cache", vec![("capacity", "1"), ("keys", "1"), ("steps", "1")]),
        ("lru-cache", vec![("capacity", "1"), ("keys", "5"), ("steps", "1000"), ("skew", "0")]),
        (
            "requests",
            vec![("headers", "0"), ("rows", "0"), ("depth", "0"), ("sessions", "1"), ("failure_rate", "1")],
        ),
        ("requests", vec![("requests", "1"), ("failure_rate", "0")]),
        ("numbers", vec![("bodies", "1"), ("steps", "0"), ("size", "1"), ("rounds", "0"), ("words", "0")]),
        ("records", vec![("rows", "1"), ("rounds", "1"), ("limit", "1e9"), ("page", "1")]),
        (
            "orm",
            vec![
                ("orders", "1"),
                ("lines", "1"),
                ("batches", "1"),
                ("batch", "1"),
                ("books", "1"),
                ("recent", "1"),
            ],
        ),
        ("orm", vec![("orders", "5"), ("span", "1"), ("weak", "true")]),
        ("listeners", vec![("components", "1"), ("publishers", "1"), ("open", "1"), ("rows", "0")]),
        ("listeners", vec![("components", "9"), ("open", "2"), ("publish_every", "1"), ("lifetime", "1")]),
        ("text-index", vec![("queries", "0"), ("removed", "1")]),
        ("async-tasks", vec![("trees", "1"), ("depth", "1"), ("branches", "1")]),
        ("async-tasks", vec![("trees", "1"), ("depth", "2"), ("failure_rate", "0.5"), ("hang_rate", "1")]),
        ("syntax-tree", vec![("rounds", "1"), ("statements", "1"), ("depth", "0")]),
    ] {
        run_with(workload, &settings, 3);
    }
}

#[test]
fn random_choices_follow_the_seed() {
    let drawing = [
        "live-graph",
        "churn",
        "size-mix",
        "fragmentation",
        "load",
        "lru-cache",
        "requests",
        "numbers",
        "records",
        "orm",
        "syntax-tree",
        "listeners",
        "text-index",
        "async-tasks",
    ];
    for workload in drawing {
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
    let acyclic =
        ["binary-trees", "churn", "linked-list", "size-mix", "fragmentation", "json", "numbers", "records"];
    for workload in acyclic {
        assert_eq!(leaked(workload, &[]), 0, "{workload}");
    }
    assert_eq!(leaked("rings", &[]), 200_000, "every node and its float");
    assert_eq!(leaked("load", &[("cyclic_fraction", "0")]), 0);
    let all_cyclic = [("containers", "1"), ("cyclic_fraction", "1")];
    assert_eq!(
        leaked("load", &all_cyclic),
        2 * 220_000,
        "at first and at each step a container and its leaf"
    );
    // The root, and of each link the list, the result, and its two ints unless they are small. The functions, their
    // cells and the cache die by counting.
    let links = leaked("lru-cache", &[("capacity", "50"), ("steps", "20000")]);
    assert!((1 + 50 * 2..=1 + 50 * 4).contains(&links), "{links}");
    assert_eq!(leaked("requests", &[("failure_rate", "0")]), 0);
    let settings =
        [("failure_rate", "1"), ("requests", "100"), ("headers", "0"), ("rows", "0"), ("depth", "3")];
    // A request, its headers and its session's str; an exception and its arguments; a frame object and a traceback
    // for middleware, four layers and the view; the rows.
    let request = 3 + 2 + 2 * 6 + 1;
    // Frame objects refer to the caller's, `run`, and to the sessions: a dict of 1000 keys and instances.
    assert_eq!(leaked("requests", &settings), 100 * request + 1 + 1 + 2 * 1000);
}

#[test]
fn what_refers_to_its_parent_dies_by_collections_only() {
    let one = [("orders", "1"), ("lines", "1"), ("batch", "1"), ("batches", "1"), ("books", "1")];
    let [strong, weak] = ["false", "true"].map(|weak| {
        let settings: Vec<_> = one.into_iter().chain([("weak", weak)]).collect();
        leaked("orm", &settings)
    });
    // An order, its list and its line; a book and its title; an author, the name and the list; the session, which the
    // author refers to, with two dicts and a list. The price and the stock, unless they are small.
    let most = 3 + 2 + 3 + 4 + 2;
    assert!((most - 2..=most).contains(&strong), "{strong}");
    assert_eq!(weak, strong + 2, "a weak reference in each dict");
    let trees = leaked("syntax-tree", &[("rounds", "1"), ("statements", "100")]);
    assert_eq!(
        leaked("syntax-tree", &[("rounds", "3"), ("statements", "100")]),
        3 * trees,
        "nothing but trees"
    );
}

/// Collector, weak references and forgetting decide when components die, never what they receive.
#[test]
fn what_listeners_receive_does_not_depend_on_when_they_die() {
    let usual = run_with("listeners", &[], 5);
    for settings in [[("forget", "0")], [("forget", "0.9")], [("cyclic", "false")], [("weak", "true")]] {
        assert_eq!(run_with("listeners", &settings, 5), usual, "{settings:?}");
        let definition = find("listeners").unwrap();
        let mut parameters = definition.parameters(Profile::Smoke);
        settings.iter().for_each(|(key, value)| definition.set(&mut parameters, key, value).unwrap());
        let expected = definition.expected_checksum(Profile::Smoke);
        assert_eq!(Some(run::<MarkSweep<NoRecorder>>(&definition, &parameters).0), expected, "{settings:?}");
    }
}

#[test]
fn forgotten_listeners_leak_only_where_they_refer_back() {
    assert_eq!(leaked("listeners", &[("cyclic", "false")]), 0);
    assert_eq!(leaked("listeners", &[("weak", "true")]), 0);
    // A publisher and its list; the component, its list and 12 floats; the function, the tuple of its cells, the cell.
    assert_eq!(leaked("listeners", &[("components", "1")]), 2 + 2 + 12 + 3);
    let few = leaked("listeners", &[("forget", "0.1")]);
    assert!(leaked("listeners", &[("forget", "0.5")]) > 3 * few, "{few}");
}

#[test]
fn tasks_that_fail_are_cycles_and_others_are_not() {
    assert_eq!(leaked("async-tasks", &[("failure_rate", "0"), ("hang_rate", "0")]), 0);
    let alone = [("trees", "1"), ("depth", "1"), ("branches", "1")];
    let with = |rate| [alone[0], alone[1], alone[2], (rate, "1")];
    for rate in ["failure_rate", "hang_rate"] {
        assert!(leaked("async-tasks", &with(rate)) > 10, "{rate}");
    }
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
        run_with("syntax-tree", &[("depth", "20"), ("statements", "2"), ("rounds", "1")], 1);
        run_with("binary-trees", &[("depth", "15"), ("iterations", "1")], 1);
        run_with("async-tasks", &[("depth", "16"), ("branches", "1"), ("failure_rate", "1")], 1);
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
