//! Cards of workloads: a run that counts every object, and the programs whose census they are compared with.

use crate::checks;
use crate::registry;
use crate::trouble::Trouble;
use heapbench_heap::{Configuration, Heap, Recorder};
use heapbench_measure::Census;
use heapbench_memory::Pools;
use heapbench_results::card::Memory;
use heapbench_results::{Card, RealPrograms};
use heapbench_strategy_refcount_generational::Generational;
use heapbench_workload::{DEFAULT_SEED, Definition, Parameters, Profile};

/// The configuration under which objects are counted: CPython's own.
pub const COUNTED_UNDER: &str = "refcount-generational@3.13+pymalloc";

/// The configuration under which the rate of allocation is measured: no collector takes part in the time.
pub const RATED_UNDER: &str = "refcount+pymalloc";

/// The heap of [`COUNTED_UNDER`].
pub type CountedHeap<R> = Generational<Pools, R>;

/// The census of real programs, as it is kept with the workloads.
const REAL_PROGRAMS: &str = include_str!("../../../workloads/census/real-programs.json");

/// The census of real programs.
///
/// # Errors
/// The file that was built in is malformed.
pub fn real_programs() -> Result<RealPrograms, Trouble> {
    serde_json::from_str(REAL_PROGRAMS)
        .map_err(|error| Trouble::failure(format!("workloads/census/real-programs.json: {error}")))
}

/// Runs a workload and counts its objects.
///
/// # Errors
/// Parameters that it cannot run with, no memory, a checksum that is not the expected one.
pub fn card(definition: &Definition, profile: Profile) -> Result<Card, Trouble> {
    let heap = run(definition, &definition.parameters(profile), COUNTED_UNDER, Census::default())?;
    let memory = Memory {
        allocated_bytes: heap.counters().bytes_allocated,
        peak_live_bytes: heap.peak_live_bytes() as u64,
    };
    Ok(Card {
        workload: definition.name.clone(),
        group: definition.group.name().to_string(),
        profile: profile.name().to_string(),
        parameters: definition.parameters(profile),
        seed: DEFAULT_SEED,
        strategy: COUNTED_UNDER.to_string(),
        counts: heap.recorder().counts(memory),
    })
}

/// Runs a workload on CPython's heap with a recorder, and gives the heap as it is at the end.
///
/// # Errors
/// A configuration that is not one of that heap; and what [`card`] refuses.
pub fn run<R: Recorder>(
    definition: &Definition,
    parameters: &Parameters,
    strategy: &str,
    recorder: R,
) -> Result<CountedHeap<R>, Trouble> {
    let prepared = definition.prepare(parameters, DEFAULT_SEED)?;
    let config = registry::heap_config(&configuration(strategy)?, None);
    let mut heap = CountedHeap::new(&config, recorder)?;
    let outcome = prepared.run(&mut heap);
    let failed = |why: String| Trouble::failure(format!("{}: {why}", definition.name));
    let outcome = outcome.map_err(|error| failed(error.to_string()))?;
    match checks::checksum(outcome.checksum, definition.expected(parameters, DEFAULT_SEED)) {
        Some(wrong) => Err(failed(wrong)),
        None => Ok(heap),
    }
}

/// A configuration of the heap that counts: another strategy or memory source is refused.
fn configuration(text: &str) -> Result<Configuration, Trouble> {
    let (given, counted) = (registry::resolve_measured(text)?, registry::resolve(COUNTED_UNDER)?);
    if (&given.strategy, &given.memory) == (&counted.strategy, &counted.memory) {
        return Ok(given);
    }
    let expected = format!("{} on pymalloc, with any policy and settings", counted.strategy);
    Err(Trouble::request(format!("'{text}' is not the heap that is looked into, expected {expected}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use heapbench_results::card::{AGES, Deaths};
    use heapbench_workload::find;

    #[test]
    fn the_census_of_real_programs_is_whole() {
        let real = real_programs().unwrap();
        assert_eq!(real.programs.len(), 12);
        for program in &real.programs {
            assert!(program.p50_bytes <= program.p90_bytes && program.p90_bytes <= program.p99_bytes);
            let shares = [program.containers, program.container_bytes, program.collected];
            assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{program:?}");
            assert!(program.survival.iter().flatten().count() == AGES.len(), "{program:?}");
            let degrees: f64 = program.out_degree.iter().sum();
            assert!((0.97..=1.03).contains(&degrees), "rounded percents: {program:?}");
        }
    }

    #[test]
    fn a_workload_has_one_card_and_it_adds_up() {
        let rings = find("rings").unwrap();
        let text = |card: &Card| serde_json::to_string(card).unwrap();
        let card = card(&rings, Profile::Smoke).unwrap();
        assert_eq!(text(&card), text(&super::card(&rings, Profile::Smoke).unwrap()));
        let counts = &card.counts;
        let Deaths { counted, collected, alive_at_end } = counts.deaths;
        assert_eq!(counted + collected + alive_at_end, counts.objects);
        assert!(collected > counts.objects / 2, "rings die in collections: {:?}", counts.deaths);
        assert_eq!(counts.sizes.classes.iter().map(|class| class.objects).sum::<u64>(), counts.objects);
        assert_eq!(counts.kinds.iter().map(|kind| kind.share.bytes).sum::<u64>(), counts.bytes);
        assert!(counts.memory.peak_live_bytes <= counts.memory.allocated_bytes);
        assert!(counts.survival.windows(2).all(|ages| ages[0].alive >= ages[1].alive));
    }

    #[test]
    fn only_the_heap_that_counts_is_taken() {
        assert!(configuration("refcount-generational@3.13:disabled=true").is_ok());
        for other in ["refcount", "mark-sweep", "refcount-generational+mimalloc"] {
            let refused = configuration(other).unwrap_err();
            assert_eq!(refused.exit_status(), 2);
            assert!(refused.to_string().contains("expected refcount-generational on pymalloc"), "{refused}");
        }
    }
}
