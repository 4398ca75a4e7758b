//! The steps: configurations that differ in one thing each, and which of them make up each strategy's components.

use super::Component;
use crate::Record;

/// A number of a record.
pub(super) type Number = fn(&Record) -> f64;

/// A signed number of a configuration's records.
pub(super) type Term = (f64, String, Number);

pub(super) fn wall(record: &Record) -> f64 {
    record.wall_ns as f64
}

fn collecting(record: &Record) -> f64 {
    record.collect_ns as f64
}

fn mutator(record: &Record) -> f64 {
    record.mutator_ns.unwrap_or_default() as f64
}

/// A strategy that is split, and the terms of each of its components.
pub(super) struct Recipe {
    pub(super) strategy: String,
    pub(super) parts: Vec<(Component, Vec<Term>)>,
}

/// The configurations that the steps over one memory source need.
pub(super) struct Ladder {
    bump: String,
    ignore: String,
    walk: String,
    manual: String,
    counted: String,
    headed: String,
    refcount: String,
    disabled: String,
    generational: String,
}

impl Ladder {
    pub(super) fn over(source: &str) -> Ladder {
        let manual = |settings: &str| format!("manual+{source}{settings}");
        let generational = format!("refcount-generational@3.13+{source}");
        Ladder {
            bump: "bump".to_string(),
            ignore: manual(":schedule=ignore"),
            walk: manual(":schedule=walk"),
            manual: manual(""),
            counted: manual(":header=8"),
            headed: manual(":header=8,container-header=16"),
            refcount: format!("refcount+{source}"),
            disabled: format!("{generational}:disabled=true"),
            generational,
        }
    }

    /// The strategies that stand on the ladder, and how each is split.
    pub(super) fn recipes(&self) -> [Recipe; 3] {
        use Component as C;
        let term = |sign: f64, of: &String| -> Term { (sign, of.clone(), wall) };
        let less = |of: &String, base: &String| vec![term(1.0, of), term(-1.0, base)];
        let and = |a: Vec<Term>, b: Vec<Term>| [a, b].concat();
        let program = region(&self.bump);
        let allocation = (C::Allocation, and(less(&self.manual, &self.bump), less(&self.ignore, &self.walk)));
        let counting =
            (C::Counting, and(less(&self.refcount, &self.counted), less(&self.walk, &self.ignore)));
        let room = (C::Header, less(&self.counted, &self.manual));
        let head = (C::Header, less(&self.headed, &self.manual));
        let tracking =
            (C::Tracking, and(less(&self.disabled, &self.refcount), less(&self.counted, &self.headed)));
        let (tracing, aftermath) = collections(&self.generational, &self.disabled);
        let recipe = |strategy: &String, parts: &[(Component, Vec<Term>)]| Recipe {
            strategy: strategy.clone(),
            parts: program.iter().chain(parts).cloned().collect(),
        };
        [
            recipe(&self.manual, std::slice::from_ref(&allocation)),
            recipe(&self.refcount, &[allocation.clone(), room, counting.clone()]),
            recipe(&self.generational, &[allocation, head, counting, tracking, tracing, aftermath]),
        ]
    }
}

/// The program and its bump allocation.
fn region(bump: &str) -> [(Component, Vec<Term>); 2] {
    let bump = bump.to_string();
    let own: Vec<Term> = vec![(1.0, bump.clone(), mutator)];
    [(Component::Mutator, own), (Component::Bump, vec![(1.0, bump.clone(), wall), (-1.0, bump, mutator)])]
}

/// What a collector takes inside its collections, and what it adds outside to a heap without them.
fn collections(with: &str, without: &str) -> ((Component, Vec<Term>), (Component, Vec<Term>)) {
    let inside: Vec<Term> = vec![(1.0, with.to_string(), collecting)];
    let outside: Vec<Term> = vec![
        (1.0, with.to_string(), wall),
        (-1.0, with.to_string(), collecting),
        (-1.0, without.to_string(), wall),
    ];
    ((Component::Tracing, inside), (Component::Aftermath, outside))
}

/// A tracing heap has memory of its own: what it costs beyond the region, collections left out, is its allocation.
pub(super) fn tracing_recipe(strategy: &str) -> Recipe {
    let (tracing, outside) = collections(strategy, "bump");
    let parts = region("bump").into_iter().chain([(Component::Allocation, outside.1), tracing]).collect();
    Recipe { strategy: strategy.to_string(), parts }
}

/// The memory sources over which strategies can be split.
pub const SOURCES: [&str; 3] = ["pymalloc", "mimalloc", "system"];

/// The configurations that splitting over a memory source needs, to be run beside each other.
pub fn configurations(source: &str) -> Vec<String> {
    let recipes = Ladder::over(source).recipes().into_iter().chain([tracing_recipe("mark-sweep")]);
    let mut needed = Vec::new();
    for (_, configuration, _) in recipes.flat_map(|recipe| recipe.parts).flat_map(|(_, terms)| terms) {
        if !needed.contains(&configuration) {
            needed.push(configuration);
        }
    }
    needed
}
