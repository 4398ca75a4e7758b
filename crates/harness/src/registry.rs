//! The registry: the one list of strategies, an entry each, and the way from configuration text to a type.
//!
//! A new strategy is one entry in `strategies!` (and its crate). Everything that runs heaps, generic over
//! them, is a [`WithHeap`] and goes through [`dispatch`].

use crate::trouble::Trouble;
use heapbench_heap::{Configuration, Heap, HeapConfig, HeapError, Introspect, NoRecorder, Recorder};
use heapbench_memory::{MemorySource, Mimalloc, Pools, System};
use heapbench_strategy_bump::Bump;
use heapbench_strategy_manual::Manual;
use heapbench_strategy_mark_sweep::MarkSweep;
use heapbench_strategy_refcount::Plain as RefCount;
use heapbench_strategy_refcount_generational::Generational;

/// CPython's pools, their blocks watched for writes beyond them and after their end.
type Poisoned = heapbench_memory::Poisoned<Pools>;
/// Each block on pages of its own.
type Guarded = heapbench_memory::Guarded;
/// mimalloc, watched too, where any request for a block may fail.
type Failing = heapbench_memory::Failing<heapbench_memory::Poisoned<Mimalloc>>;

/// What stands for CPython where the two are compared: see [`crate::validation`].
pub type Mirror<R> = Generational<Pools, R>;

/// One strategy, as it is listed.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Strategy {
    /// Its name.
    pub name: &'static str,
    /// Its policies; the first is the default.
    pub policies: &'static [&'static str],
    /// The memory sources that it can stand on; the first is the default. Empty: it has memory of its own.
    pub memory: &'static [&'static str],
    /// Memory sources that look for mistakes: not measured, see [`resolve_measured`].
    pub proof_memory: &'static [&'static str],
    /// The keys of its settings.
    pub keys: &'static [&'static str],
    /// Keys that make it look for mistakes, or make mistakes likelier: not measured.
    pub proof_keys: &'static [&'static str],
    /// What it does, in a line.
    pub about: &'static str,
}

/// Something to be done with a heap of a type known only at run time, whose recorder is `R`.
pub trait WithHeap<R: Recorder> {
    /// What comes of it.
    type Output;

    /// Does it with heaps of type `H`.
    fn call<H: Heap<Recorder = R> + Introspect>(self) -> Self::Output;
}

macro_rules! strategies {
    ($($name:literal $heap:ident $memory:tt proof $proof_memory:tt, policies $policies:tt,
        keys $keys:tt proof $proof_keys:tt: $about:literal;)*) => {
        /// All strategies.
        pub const STRATEGIES: &[Strategy] = &[$(Strategy {
            name: $name,
            policies: &$policies,
            memory: memory_names!($memory),
            proof_memory: memory_names!($proof_memory),
            keys: &$keys,
            proof_keys: &$proof_keys,
            about: $about,
        }),*];

        /// `None`: no such strategy, or not on that memory source.
        fn call<R: Recorder, V: WithHeap<R>>(configuration: &Configuration, visitor: V) -> Option<V::Output> {
            let memory = configuration.memory.as_deref();
            match configuration.strategy.as_str() {
                $($name => call_with_memory!($heap $memory $proof_memory, memory, visitor),)*
                _ => None,
            }
        }

        /// As `call`, without what is for proof only: that is not even compiled for the recorder that measures.
        fn call_measured<R: Recorder, V: WithHeap<R>>(
            configuration: &Configuration,
            visitor: V,
        ) -> Option<V::Output> {
            let memory = configuration.memory.as_deref();
            match configuration.strategy.as_str() {
                $($name => call_with_memory!($heap $memory [], memory, visitor),)*
                _ => None,
            }
        }
    };
}

macro_rules! memory_names {
    ([$($memory:ident),*]) => { &[$($memory::NAME),*] };
}

macro_rules! call_with_memory {
    ($heap:ident [] [], $memory:ident, $visitor:ident) => {
        $memory.is_none().then(|| $visitor.call::<$heap<R>>())
    };
    ($heap:ident [$($source:ident),+] [$($proof:ident),*], $memory:ident, $visitor:ident) => {
        match $memory {
            $(Some($source::NAME) => Some($visitor.call::<$heap<$source, R>>()),)+
            $(Some($proof::NAME) => Some($visitor.call::<$heap<$proof, R>>()),)*
            _ => None,
        }
    };
}

strategies! {
    "bump" Bump [] proof [], policies [], keys [] proof ["poison"]:
        "never frees before a reset: the region, and the cheapest allocation";
    "manual" Manual [Pools, Mimalloc, System] proof [Poisoned, Guarded, Failing], policies [],
        keys ["container-header", "header", "schedule"] proof ["check"]:
        "an explicit free at each object's exact death, known from an oracle run; a region without one";
    "refcount" RefCount [Pools, Mimalloc, System] proof [Poisoned, Guarded, Failing], policies [], keys ["free-lists"] proof []:
        "immediate reference counting; cycles leak";
    "refcount-generational" Generational [Pools, Mimalloc, System] proof [Poisoned, Guarded, Failing],
        policies ["3.13", "3.12", "3.11"],
        keys ["threshold0", "threshold1", "threshold2", "disabled", "freeze", "free-lists"] proof []:
        "CPython's reference counting and generational cycle collector";
    "mark-sweep" MarkSweep [] proof [], policies [], keys ["heap", "min"] proof ["block", "queue", "poison", "guard"]:
        "stop-the-world marking, lazy sweeping, segregated blocks";
}

/// The strategy under which the mutator's own share is measured: it allocates as raw bumpalo does, and no more.
pub const ALLOCATES_ONLY: &str = "bump";

/// Whether a heap of this configuration is measured only with the deaths of an oracle run: it frees by them, or walks them.
pub fn needs_deaths(configuration: &Configuration) -> bool {
    configuration.strategy == "manual" && heap_config(configuration, None).text("schedule") != Some("ignore")
}

/// What runs when nothing is said: one configuration for each thing worth comparing.
pub const DEFAULT_CONFIGURATIONS: &[&str] = &[
    "bump",
    "refcount+system",
    "refcount+mimalloc",
    "refcount+pymalloc",
    "refcount-generational@3.13+system",
    "refcount-generational@3.13+mimalloc",
    "refcount-generational@3.13+pymalloc",
    "mark-sweep",
    "mark-sweep:heap=4x",
];

/// What is proven under stress beside every strategy on every memory source: what looks for mistakes itself, and
/// widths so small that rare paths are taken all the time. (Thresholds are the plans' own under stress.)
pub const STRESSED_CONFIGURATIONS: &[&str] = &[
    "manual+poisoned:header=8,container-header=16",
    "manual+guarded",
    "manual+failing",
    "refcount+poisoned",
    "refcount+guarded",
    "refcount+failing",
    "refcount-generational@3.13+poisoned",
    "refcount-generational@3.13+guarded",
    "refcount-generational@3.13+failing",
    "mark-sweep:heap=1.1x,min=4KiB",
    "mark-sweep:heap=1.1x,min=4KiB,queue=1,poison=yes",
    "mark-sweep:heap=1.1x,min=4KiB,queue=1,guard=yes",
];

/// Every strategy with every policy on every memory source that is measured.
pub fn measured_configurations() -> Vec<String> {
    let of = |strategy: &Strategy| {
        let policies = or_nothing(strategy.policies, '@');
        let memory = or_nothing(strategy.memory, '+');
        let name = strategy.name;
        let with = move |policy: String| {
            memory.clone().into_iter().map(move |memory| format!("{name}{policy}{memory}"))
        };
        policies.into_iter().flat_map(with).collect::<Vec<_>>()
    };
    STRATEGIES.iter().flat_map(of).collect()
}

/// The names behind a sign; one empty text where there are none.
fn or_nothing(names: &[&str], sign: char) -> Vec<String> {
    if names.is_empty() {
        vec![String::new()]
    } else {
        names.iter().map(|name| format!("{sign}{name}")).collect()
    }
}

/// Reads configuration text and fills in the default policy and memory source, so that one configuration has
/// one text.
///
/// # Errors
/// Malformed text, an unknown strategy or memory source.
pub fn resolve(text: &str) -> Result<Configuration, HeapError> {
    let mut configuration: Configuration = text.parse()?;
    let strategy = STRATEGIES.iter().find(|strategy| strategy.name == configuration.strategy);
    let strategy = strategy.ok_or_else(|| unknown_strategy(&configuration))?;
    configuration.policy = configuration.policy.or(strategy.policies.first().map(|name| name.to_string()));
    configuration.memory = configuration.memory.or(strategy.memory.first().map(|name| name.to_string()));
    match &configuration.memory {
        Some(memory) if !strategy.memory.iter().chain(strategy.proof_memory).any(|name| name == memory) => {
            Err(unknown_memory(strategy, memory))
        }
        _ => Ok(configuration),
    }
}

/// [`resolve`], for what is to be measured: a heap that looks for mistakes takes its time for it.
///
/// # Errors
/// As `resolve`; a memory source or a key that is for proof only.
pub fn resolve_measured(text: &str) -> Result<Configuration, HeapError> {
    let configuration = resolve(text)?;
    let strategy = STRATEGIES.iter().find(|strategy| strategy.name == configuration.strategy);
    let strategy = strategy.ok_or_else(|| unknown_strategy(&configuration))?;
    let memory = configuration.memory.as_deref().filter(|name| strategy.proof_memory.contains(name));
    let mut keys = configuration.settings.iter().map(|(key, _)| key.as_str());
    let refused = match (memory, keys.find(|key| strategy.proof_keys.contains(key))) {
        (Some(memory), _) => ("memory source", memory, strategy.memory),
        (None, Some(key)) => ("key", key, strategy.keys),
        (None, None) => return Ok(configuration),
    };
    let (part, given, measured) = refused;
    let expected = format!("what can be measured: {}; it is for check and verify only", measured.join(", "));
    Err(HeapError::Invalid { key: part.to_string(), given: given.to_string(), expected })
}

/// Does something with the heap type of a resolved configuration.
///
/// # Errors
/// No such strategy, or not on that memory source.
pub fn dispatch<R: Recorder, V: WithHeap<R>>(
    configuration: &Configuration,
    visitor: V,
) -> Result<V::Output, HeapError> {
    call(configuration, visitor).ok_or_else(|| unknown_strategy(configuration))
}

/// As [`dispatch`], for a configuration of [`resolve_measured`].
///
/// # Errors
/// No such strategy, or not on that memory source, or not to be measured.
pub fn dispatch_measured<R: Recorder, V: WithHeap<R>>(
    configuration: &Configuration,
    visitor: V,
) -> Result<V::Output, HeapError> {
    call_measured(configuration, visitor).ok_or_else(|| unknown_strategy(configuration))
}

/// What a heap of this configuration is told when it is made.
pub fn heap_config(configuration: &Configuration, limit: Option<usize>) -> HeapConfig {
    HeapConfig {
        policy: configuration.policy.clone(),
        limit,
        settings: configuration.settings.clone(),
        ..HeapConfig::default()
    }
}

/// Makes a heap and drops it: whether the configuration can run at all.
///
/// # Errors
/// An unknown policy or key, a value that does not fit, memory that the system refuses.
pub fn check(configuration: &Configuration, limit: Option<usize>) -> Result<(), Trouble> {
    struct Make(HeapConfig);
    impl WithHeap<NoRecorder> for Make {
        type Output = Result<(), HeapError>;
        fn call<H: Heap<Recorder = NoRecorder> + Introspect>(self) -> Self::Output {
            H::new(&self.0, NoRecorder).map(drop)
        }
    }
    let made = dispatch(configuration, Make(heap_config(configuration, limit)))?;
    made.map_err(|error| match Trouble::from(error) {
        Trouble::Request(message) => Trouble::Request(format!("{configuration}: {message}")),
        other => other,
    })
}

fn unknown_strategy(configuration: &Configuration) -> HeapError {
    let known = STRATEGIES.iter().map(|strategy| strategy.name.to_string()).collect();
    HeapError::Unknown { part: "strategy", given: configuration.strategy.clone(), known }
}

fn unknown_memory(strategy: &Strategy, given: &str) -> HeapError {
    let known = strategy.memory.iter().chain(strategy.proof_memory).map(|name| name.to_string()).collect();
    HeapError::Unknown { part: "memory source", given: given.to_string(), known }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(strategy: &Strategy, policy: Option<&str>, memory: Option<&str>) -> String {
        let policy = policy.map(|name| format!("@{name}")).unwrap_or_default();
        let memory = memory.map(|name| format!("+{name}")).unwrap_or_default();
        format!("{}{policy}{memory}", strategy.name)
    }

    #[test]
    fn every_listed_combination_makes_a_heap() {
        for strategy in STRATEGIES {
            let policies = strategy.policies.iter().copied().map(Some).chain([None]);
            for policy in policies {
                let memory = strategy.memory.iter().chain(strategy.proof_memory);
                for memory in memory.copied().map(Some).chain([None]) {
                    let text = text(strategy, policy, memory);
                    check(&resolve(&text).unwrap(), None)
                        .unwrap_or_else(|trouble| panic!("{text}: {trouble}"));
                }
            }
        }
    }

    #[test]
    fn listed_policies_and_keys_are_what_the_strategies_know() {
        struct Known(HeapConfig);
        impl WithHeap<NoRecorder> for Known {
            type Output = Vec<String>;
            fn call<H: Heap<Recorder = NoRecorder> + Introspect>(self) -> Vec<String> {
                match H::new(&self.0, NoRecorder).map(drop) {
                    Err(HeapError::Unknown { known, .. }) => known,
                    other => panic!("{:?}: {other:?}", self.0),
                }
            }
        }
        for strategy in STRATEGIES {
            let mut configuration = resolve(strategy.name).unwrap();
            configuration.settings = vec![("no-such-key".into(), "1".into())];
            let keys = dispatch(&configuration, Known(heap_config(&configuration, None))).unwrap();
            let mut listed = [strategy.keys, strategy.proof_keys].concat();
            listed.sort_unstable();
            let keys: std::collections::BTreeSet<String> = keys.into_iter().collect();
            assert_eq!(keys.into_iter().collect::<Vec<_>>(), listed, "{}", strategy.name);
            let mut configuration = resolve(strategy.name).unwrap();
            configuration.policy = Some("no-such-policy".into());
            let policies = dispatch(&configuration, Known(heap_config(&configuration, None))).unwrap();
            assert_eq!(policies, strategy.policies, "{}", strategy.name);
        }
    }

    #[test]
    fn listed_configurations_are_whole_and_can_run() {
        let measured = measured_configurations();
        assert!(measured.iter().any(|text| text == "refcount-generational@3.13+mimalloc"), "{measured:?}");
        let lists = [DEFAULT_CONFIGURATIONS, STRESSED_CONFIGURATIONS].concat();
        for text in lists.into_iter().chain(measured.iter().map(String::as_str)) {
            let configuration = resolve(text).unwrap();
            assert_eq!(configuration.to_string(), text);
            check(&configuration, None).unwrap();
        }
    }

    #[test]
    fn what_is_missing_is_filled_in_and_what_is_unknown_refused() {
        assert_eq!(resolve("refcount").unwrap().to_string(), "refcount+pymalloc");
        assert_eq!(resolve("bump").unwrap().to_string(), "bump");
        let refused = |text: &str| {
            let trouble =
                resolve(text).map_err(Trouble::from).and_then(|found| check(&found, None)).unwrap_err();
            assert_eq!(trouble.exit_status(), 2);
            trouble.to_string()
        };
        assert_eq!(refused("mark-swep"), "unknown strategy 'mark-swep', did you mean 'mark-sweep'?");
        assert!(refused("refcount+mimaloc").ends_with("did you mean 'mimalloc'?"));
        assert!(refused("bump+mimalloc").contains("unknown memory source 'mimalloc', expected none"));
        assert!(refused("mark-sweep:heep=4x").ends_with("unknown key 'heep', did you mean 'heap'?"));
        assert!(refused("refcount-generational@3.133").ends_with("did you mean '3.13'?"));
    }

    #[test]
    fn what_looks_for_mistakes_is_not_measured() {
        for text in
            DEFAULT_CONFIGURATIONS.iter().map(|text| text.to_string()).chain(measured_configurations())
        {
            let configuration = resolve_measured(&text).unwrap();
            assert!(call_measured(&configuration, Nothing).is_some(), "{text}");
        }
        let mut refused = 0;
        for text in STRESSED_CONFIGURATIONS {
            let Err(error) = resolve_measured(text) else { continue };
            refused += 1;
            assert!(error.to_string().ends_with("for check and verify only"), "{error}");
            let configuration = resolve(text).unwrap();
            if configuration.memory.is_some() {
                assert!(call_measured(&configuration, Nothing).is_none(), "{text}");
            }
        }
        assert!(refused > 5);
        let told = resolve_measured("refcount+guarded").unwrap_err().to_string();
        assert_eq!(
            told,
            "invalid value 'guarded' of memory source, expected what can be measured: pymalloc, mimalloc, \
             system; it is for check and verify only"
        );
    }

    struct Nothing;
    impl WithHeap<NoRecorder> for Nothing {
        type Output = ();
        fn call<H: Heap<Recorder = NoRecorder> + Introspect>(self) {}
    }
}
