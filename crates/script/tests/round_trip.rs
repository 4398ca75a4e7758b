//! What is printed is loaded again; whatever bytes are loaded, nothing panics.

use heapbench_heap::{Family, Kind, Shape};
use heapbench_script::{
    Action, Audience, Expectation, FinalizerAction, Name, Number, Part, Round, Script, SlotRange, Step,
    Value, limit, load,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Rounds of levels that are open.
fn round(levels: u8) -> impl Strategy<Value = Round> {
    (0..levels.max(1), -1i8..=1).prop_map(|(level, offset)| Round { level, offset })
}

fn name(levels: u8) -> BoxedStrategy<Name> {
    let plain = "[A-Z_][A-Za-z0-9_]{0,9}".prop_map(Name::fixed);
    if levels == 0 {
        return plain.boxed();
    }
    let in_rounds =
        (plain.clone(), vec((round(levels), "[a-z0-9_]{0,3}"), 1..4)).prop_map(|(mut name, rounds)| {
            for (round, text) in rounds {
                name.parts.push(Part::Round(round));
                if !text.is_empty() {
                    name.parts.push(Part::Text(text));
                }
            }
            name
        });
    prop_oneof![plain, in_rounds].boxed()
}

fn number(most: u64, levels: u8) -> BoxedStrategy<Number> {
    let fixed = prop_oneof![0..=most.min(9), 0..=most].prop_map(move |value| Number::fixed(value, most));
    if levels == 0 {
        return fixed.boxed();
    }
    let in_rounds =
        round(levels).prop_map(move |round| Number { value: Value::Round(round), ..Number::fixed(0, most) });
    prop_oneof![4 => fixed, 1 => in_rounds].boxed()
}

fn range(levels: u8) -> impl Strategy<Value = SlotRange> {
    let slot = || number(limit::SLOTS, levels);
    (name(levels), slot(), slot()).prop_map(|(object, start, end)| SlotRange { object, start, end })
}

fn new_object(levels: u8) -> impl Strategy<Value = Action> {
    let kind = select(Kind::ALLOCATABLE.as_slice());
    let bytes = option::of(number(limit::BYTES, levels));
    kind.prop_flat_map(move |kind| {
        let most = if kind.is_leaf() { 0 } else { limit::SLOTS };
        (name(levels), Just(kind), option::of(number(most, levels)))
    })
    .prop_flat_map(move |(name, kind, slots)| (Just((name, kind, slots)), bytes.clone()))
    .prop_map(|((name, kind, slots), bytes)| Action::New { name, kind, slots, bytes })
}

fn finalizer_action(l: u8) -> impl Strategy<Value = FinalizerAction> {
    let slot = move || number(limit::SLOTS, l);
    prop_oneof![
        select(vec![
            FinalizerAction::Nothing,
            FinalizerAction::Keep,
            FinalizerAction::Collect,
            FinalizerAction::Fail
        ]),
        slot().prop_map(|slot| FinalizerAction::Clear { slot }),
        (slot(), name(l), slot()).prop_map(|(slot, to, at)| FinalizerAction::Move { slot, to, at }),
        name(l).prop_map(|weak| FinalizerAction::Read { weak }),
        number(limit::ALLOCATE, l).prop_map(|objects| FinalizerAction::Allocate { objects }),
    ]
}

fn expectation(l: u8) -> impl Strategy<Value = Expectation> {
    let count = move || number(limit::COUNT, l);
    let names = || vec(name(l), 1..4);
    prop_oneof![
        names().prop_map(|names| Expectation::Alive { names }),
        names().prop_map(|names| Expectation::Dead { names }),
        names().prop_map(|names| Expectation::Prompt { names }),
        names().prop_map(|names| Expectation::Order { names }),
        count().prop_map(|objects| Expectation::Freed { objects }),
        (name(l), count()).prop_map(|(name, times)| Expectation::Finalized { name, times }),
        (name(l), any::<bool>()).prop_map(|(weak, alive)| Expectation::Gives { weak, alive }),
        (name(l), count()).prop_map(|(weak, calls)| Expectation::Callbacks { weak, calls }),
        (name(l), any::<bool>()).prop_map(|(name, alive)| Expectation::Read { name, alive }),
        count().prop_map(|objects| Expectation::Live { objects }),
        (any::<bool>(), count()).prop_map(|(at_least, count)| Expectation::Collections { at_least, count }),
        Just(Expectation::OutOfMemory),
        count().prop_map(|count| Expectation::Failures { count }),
    ]
}

fn audience() -> impl Strategy<Value = Audience> {
    let all = vec![Family::RefCount, Family::Cycles, Family::Tracing, Family::Region];
    let some = proptest::sample::subsequence(all, 0..=4);
    prop_oneof![
        Just(Audience::Usual),
        Just(Audience::All),
        (some, any::<bool>()).prop_map(|(families, generational)| {
            // No family at all cannot be written.
            Audience::Families { generational: generational || families.is_empty(), families }
        }),
    ]
}

fn action(l: u8) -> impl Strategy<Value = Action> {
    let slot = move || number(limit::SLOTS, l);
    let value = || option::of(name(l));
    let plain = vec![
        Action::SavedDrop,
        Action::Auto { on: true },
        Action::Auto { on: false },
        Action::Freeze,
        Action::Unfreeze,
        Action::Check,
    ];
    prop_oneof![
        new_object(l),
        (name(l), slot(), value()).prop_map(|(object, slot, value)| Action::Set { object, slot, value }),
        (name(l), name(l), slot()).prop_map(|(name, object, slot)| Action::Get { name, object, slot }),
        (range(l), name(l), slot()).prop_map(|(from, to, at)| Action::Copy { from, to, at }),
        (range(l), value()).prop_map(|(range, value)| Action::Fill { range, value }),
        (name(l), slot()).prop_map(|(object, slots)| Action::Resize { object, slots }),
        name(l).prop_map(|name| Action::Drop { name }),
        (name(l), name(l), any::<bool>()).prop_map(|(name, target, callback)| Action::Weak {
            name,
            target,
            callback
        }),
        (name(l), name(l)).prop_map(|(name, weak)| Action::Upgrade { name, weak }),
        (name(l), finalizer_action(l)).prop_map(|(object, action)| Action::Finalizer { object, action }),
        select(plain),
        option::of(number(limit::GENERATION, l)).prop_map(|generation| Action::Collect { generation }),
        vec(number(limit::THRESHOLD, l), 1..4).prop_map(|thresholds| Action::Threshold { thresholds }),
        option::of(number(limit::BYTES, l)).prop_map(|bytes| Action::Limit { bytes }),
        name(l).prop_map(|label| Action::Mark { label }),
        (audience(), expectation(l))
            .prop_map(|(audience, expectation)| Action::Expect { audience, expectation }),
    ]
}

fn step(level: u8) -> BoxedStrategy<Step> {
    let statement = action(level).prop_map(|action| Step::Statement(action.into()));
    if level == 3 {
        return statement.boxed();
    }
    // Few rounds, so that no script unrolls to too much.
    let rounds = (0..4u64).prop_map(|rounds| Number::fixed(rounds, limit::ROUNDS));
    let block = (rounds, vec(step(level + 1), 0..4)).prop_map(|(rounds, body)| Step::Repeat { rounds, body });
    prop_oneof![6 => statement, 1 => block].boxed()
}

fn script() -> impl Strategy<Value = Script> {
    vec(step(0), 0..12).prop_map(|steps| Script { steps, unrolled: 0 })
}

/// The script's structure without its positions.
fn structure(script: &Script) -> String {
    let text = format!("{:?}", script.steps);
    let mut pieces = text.split("Position {");
    let first = pieces.next().unwrap_or_default().to_string();
    pieces.fold(first, |all, piece| all + piece.split_once('}').map_or("", |(_, rest)| rest))
}

const EXAMPLE: &str = "heap 1 # a comment\nnew a object slots=2 bytes=3KiB\r\n\n\trepeat 3\nset a.0 = a\n\
    repeat 2\nnew b{i}_{j+1} list\nend\nexpect[cycles,region] alive a b0_1\nend\ncopy a.0..1 -> a.1\n\
    finalizer a = move 0 -> a.1\nexpect collections >= 1\n";

proptest! {
    #[test]
    fn printed_and_loaded_it_is_the_same(script in script()) {
        let text = script.to_string();
        let loaded = load(text.as_bytes()).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(structure(&script), structure(&loaded), "{}", text);
        prop_assert_eq!(loaded.to_string(), text);
    }

    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        let _ = load(&bytes);
        let _ = load(&[b"heap 1\n".as_slice(), &bytes].concat());
    }

    #[test]
    fn mutated_scripts(edits in vec((any::<Index>(), any::<u8>(), 0..3u8), 1..6)) {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        for (place, byte, edit) in edits {
            let at = place.index(bytes.len());
            match edit {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ => { bytes.remove(at); }
            }
        }
        if let Err(error) = load(&bytes) {
            // The place is in the file, or one column behind a line of it.
            let lines: Vec<_> = bytes.split(|byte| *byte == b'\n').collect();
            let line = lines.get(error.position.line as usize - 1).expect("a line of the file");
            prop_assert!((1..=line.len() + 1).contains(&(error.position.column as usize)), "{}", error);
        }
    }

    #[test]
    fn shuffled_words(words in vec(select(WORDS), 0..40)) {
        let text = format!("heap 1\n{}", words.join(" ").replace(" ; ", "\n"));
        let _ = load(text.as_bytes());
    }
}

const WORDS: &[&str] = &[
    ";",
    ";",
    ";",
    "repeat",
    "end",
    "3",
    "{i}",
    "a",
    "b{i}",
    "a.0",
    "a.0..2",
    "=",
    "->",
    "nil",
    "new",
    "list",
    "slots=1",
    "bytes=2KiB",
    "expect",
    "expect[all]",
    "alive",
    "order",
    "drop",
    "set",
    "copy",
    "weak",
    "callback",
];

#[test]
fn every_line_of_the_example_is_read() {
    let script = load(EXAMPLE.as_bytes()).expect("well-formed");
    assert_eq!(script.unrolled, 1 + 3 * (1 + 2 + 1) + 3);
    let printed = "heap 1\nnew a object slots=2 bytes=3072\nrepeat 3\n  set a.0 = a\n  repeat 2\n    \
        new b{i}_{j+1} list\n  end\n  expect[cycles,region] alive a b0_1\nend\ncopy a.0..1 -> a.1\n\
        finalizer a = move 0 -> a.1\nexpect collections >= 1\n";
    assert_eq!(script.to_string(), printed);
    let Step::Repeat { rounds, body } = &script.steps[1] else { panic!("a repeat") };
    assert_eq!((rounds.position.line, rounds.position.column), (4, 9));
    let Step::Statement(last) = &body[2] else { panic!("a statement") };
    assert_eq!((last.position.to_string(), last.end.to_string()), ("9:1".into(), "9:35".into()));
}

#[test]
fn what_is_built_can_be_loaded() {
    let name = |text: &str| Name::fixed(text);
    let script = Script::from_actions([
        Action::new_object(name("a"), Shape::new(Kind::List, 3, 17)),
        Action::new_object(name("s"), Shape::new(Kind::Str, 0, 5)),
        Action::set(name("a"), 0, Some(name("s"))),
        Action::set(name("a"), 1, None),
        Action::get(name("x"), name("a"), 0),
        Action::copy(SlotRange::fixed(name("a"), 0..2), name("a"), 1),
        Action::resize(name("a"), 9),
        Action::collect(1),
        Action::limit(Some(4096)),
        Action::limit(None),
        Action::expect(Expectation::Alive { names: vec![name("a")] }),
    ]);
    let loaded = load(script.to_string().as_bytes()).expect("well-formed");
    assert_eq!(structure(&script), structure(&loaded));
    assert_eq!(script.unrolled, loaded.unrolled);
}

#[test]
fn names_and_numbers_in_rounds() {
    let text = "heap 1\nrepeat 9\nrepeat 9\nrepeat 9\ndrop a{k}_{i+1}{j-1}\ncollect {i}\nnew x str slots={i}\nend\nend\nend";
    let mut steps = load(text.as_bytes()).expect("well-formed").steps;
    while let Some(Step::Repeat { body, .. }) = steps.first_mut() {
        steps = std::mem::take(body);
    }
    let actions: Vec<_> = steps
        .into_iter()
        .filter_map(|s| if let Step::Statement(s) = s { Some(s.action) } else { None })
        .collect();
    let [
        Action::Drop { name },
        Action::Collect { generation: Some(number) },
        Action::New { slots: Some(slots), .. },
    ] = actions.as_slice()
    else {
        panic!("{actions:?}")
    };
    let mut text = "old".to_string();
    name.resolve([7, 3, 5], &mut text).expect("a name");
    assert_eq!(text, "a5_82");
    let below = name.resolve([7, 0, 5], &mut text).expect_err("a round below 0").to_string();
    assert_eq!(below, "5:6: the round {j-1} is -1 here, expected 0 or more");
    assert_eq!(number.resolve([2, 0, 0]), Ok(2));
    let over = number.resolve([3, 0, 0]).expect_err("no such generation").to_string();
    assert_eq!(over, "6:9: the number is 3 here, expected at most 2");
    assert_eq!(slots.resolve([0; 3]), Ok(0));
    assert!(slots.resolve([1, 0, 0]).is_err());
    // The name grows with its rounds.
    let long = Name {
        parts: vec![Part::Text("x".repeat(63)), Part::Round(Round { level: 0, offset: 0 })],
        ..Name::fixed("")
    };
    assert!(long.resolve([9, 0, 0], &mut text).is_ok());
    let error = long.resolve([10, 0, 0], &mut text).expect_err("too long").message;
    assert_eq!(error, "the name is 65 bytes long here, expected at most 64");
}
