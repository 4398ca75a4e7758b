//! Death: by counting, by a collection, and what finalizers and weak references see of it.

use crate::family::{Cycles, RefCount, Region, Tracing, comes_to_usually, everywhere, passes, under};

#[test]
fn counting_is_immediate_and_depth_first() {
    let script = "new a object slots=2\nnew b object slots=1\nnew c object\nnew d object\nset a.0 = b\nset a.1 = d\n\
                  set b.0 = c\ndrop b\ndrop c\ndrop d\nexpect[all] alive a b c d\ndrop a\n\
                  expect[refcount,cycles] prompt a b c d\nexpect[refcount,cycles] order a b c d\n";
    passes(script);
    let wrong = format!("{script}expect[refcount,cycles] order a c b d");
    let expected = "16:35: expected a c b d reclaimed in this order, actual b before c";
    assert_eq!(everywhere(&wrong), [expected, expected, "passed", "passed"]);
}

#[test]
fn objects_of_one_collection_have_no_order() {
    let script = "new a object slots=1\nnew b object slots=1\nset a.0 = b\nset b.0 = a\ndrop a\ndrop b\ncollect\n\
                  expect[cycles,tracing] freed 2\nexpect[cycles,tracing] order a b";
    let together = "10:32: expected a b reclaimed in this order, actual b together with a";
    assert_eq!(everywhere(script), ["passed", together, together, "passed"]);
    let reversed = script.replace("order a b", "order b a");
    assert!(under::<Tracing>(&reversed).ends_with("a together with b"));
}

#[test]
fn objects_of_two_collections_have_one() {
    let ring =
        |name: &str| format!("new {name} object slots=1\nset {name}.0 = {name}\ndrop {name}\ncollect\n");
    passes(&format!("{}{}expect[cycles,tracing] order a b", ring("a"), ring("b")));
}

#[test]
fn prompt_is_the_statement_before_and_silent_ones_do_not_count() {
    passes(
        "new a object\ndrop a\nmark here\ncheck\nexpect[refcount,cycles] prompt a\nexpect[refcount,cycles] prompt a",
    );
    let late = "new a object\ndrop a\nauto on\nexpect[refcount] prompt a";
    assert_eq!(
        under::<RefCount>(late),
        "5:25: expected a reclaimed in the statement before, actual a reclaimed earlier"
    );
}

#[test]
fn freed_speaks_of_the_last_collect_statement() {
    passes("expect[all] freed 0\nnew a object\nexpect[all] freed 0");
    let script = "new a object slots=1\nset a.0 = a\ndrop a\ncollect\nexpect freed 1\nnew b object\ndrop b\nexpect freed 1\n\
                  collect\nexpect freed 0";
    assert_eq!(under::<Cycles>(script), "passed");
    assert_eq!(
        under::<RefCount>(
            "new a object slots=1\nset a.0 = a\ndrop a\ncollect\nexpect freed 0\nexpect collections 0"
        ),
        "passed"
    );
}

#[test]
fn freed_counts_what_died_by_counting_meanwhile() {
    // The finalizer of the garbage lets go of a living object's child.
    let script = "new shelf object slots=1\nnew child object\nset shelf.0 = child\ndrop child\n\
                  new g object slots=2\nset g.0 = g\nfinalizer g = move 1 -> shelf.0\ndrop g\ncollect\n\
                  expect[cycles] freed 2\nexpect[cycles] dead child g";
    passes(script);
}

#[test]
fn a_finalizer_runs_once_and_keep_resurrects() {
    passes(
        "new a object\nfinalizer a = keep\ndrop a\ncollect\nexpect alive a\nexpect finalized a 1\nsaved drop\ncollect\n\
         expect dead a\nexpect finalized a 1",
    );
    comes_to_usually(
        "new a object\nfinalizer a = keep\ndrop a\ncollect\nexpect finalized a 2",
        "6:20: expected 2 finalizer runs of a, actual 1",
    );
}

#[test]
fn a_second_finalizer_replaces_the_first_and_after_it_ran_attaching_has_no_effect() {
    passes(
        "new a object\nfinalizer a = fail\nfinalizer a = nothing\ndrop a\ncollect\nexpect failures 0\nexpect finalized a 1",
    );
    passes(
        "new b object slots=1\nnew a object slots=1\nset a.0 = a\nfinalizer a = move 0 -> b.0\nset a.0 = nil\n\
         finalizer a = keep\ndrop a\ncollect\nexpect alive a\nexpect finalized a 1",
    );
    // `move` resurrects as well, and the name finds the object again.
    let again = "new b object slots=1\nnew a object slots=1\nset a.0 = a\nfinalizer a = move 0 -> b.0\ndrop a\ncollect\n\
                 get x = b.0\nfinalizer x = fail\nset b.0 = nil\nset x.0 = nil\ndrop x\ncollect\nexpect dead a\n\
                 expect finalized x 1\nexpect finalized a 1\nexpect failures 0";
    assert_eq!([under::<Cycles>(again), under::<Tracing>(again)], ["passed", "passed"]);
}

#[test]
fn a_finalizer_that_fails_is_counted_and_never_propagated() {
    passes(
        "new a object\nfinalizer a = fail\ndrop a\ncollect\nexpect dead a\nexpect failures 1\nexpect finalized a 1",
    );
    comes_to_usually(
        "new a object\nfinalizer a = fail\ndrop a\ncollect\nexpect failures 0",
        "6:17: expected 0 failed finalizers, actual 1",
    );
}

#[test]
fn a_finalizer_reads_before_counting_and_after_a_collection_clears() {
    let acyclic = "new a object\nweak w = a\nfinalizer a = read w\ndrop a\ncollect\n";
    passes(&format!("{acyclic}expect[refcount,cycles] read a alive\nexpect[tracing] read a nil"));
    passes(
        "new a object slots=1\nset a.0 = a\nweak w = a\nfinalizer a = read w\ndrop a\ncollect\nexpect[cycles,tracing] read a nil",
    );
    let nothing = "new a object\nweak w = a\nfinalizer a = read w\ndrop w\ndrop a\ncollect\n";
    for state in ["alive", "nil"] {
        comes_to_usually(
            &format!("{nothing}expect read a {state}"),
            &format!("8:13: expected {state} read by the finalizer of a, actual nothing read"),
        );
    }
}

#[test]
fn a_finalizer_that_runs_in_an_upgrade_has_read_nothing_by_it() {
    // The upgrade's own answer is none of the finalizer's.
    let script = "new a object\nnew x object\nfinalizer x = nothing\nweak w = a\nupgrade x = w\ncollect\nexpect[refcount] read x alive";
    assert_eq!(
        under::<RefCount>(script),
        "8:23: expected alive read by the finalizer of x, actual nothing read"
    );
}

#[test]
fn weak_references_are_objects_and_are_cleared() {
    passes(
        "new a object\nweak w = a\nexpect[all] live 2\nexpect[all] w alive\ndrop a\ncollect\nexpect w nil\nexpect live 1\nexpect[region] w alive",
    );
    comes_to_usually(
        "new a object\nweak w = a\ndrop a\ncollect\nexpect w alive",
        "6:8: expected w alive, actual nil",
    );
    for state in ["alive", "nil"] {
        comes_to_usually(
            &format!("new a object\nweak w = a\ndrop w\ncollect\nexpect w {state}"),
            &format!("6:8: expected w {state}, actual a weak reference that was reclaimed"),
        );
    }
    passes(
        "new a object\nweak w = a\nnew b object slots=1\nset b.0 = w\ndrop w\nexpect[all] w alive\ndrop a\ncollect\nexpect w nil",
    );
}

#[test]
fn callbacks_are_counted_also_of_the_reclaimed() {
    passes(
        "new a object\nweak w = a callback\nexpect callbacks w 0\ndrop a\ncollect\nexpect callbacks w 1\ndrop w\ncollect\n\
         expect dead w\nexpect callbacks w 1",
    );
    passes("new a object\nweak w = a callback\ndrop w\ncollect\ndrop a\ncollect\nexpect callbacks w 0");
    // The name of the target is bound to the weak reference: the target dies in that very statement.
    passes("new a object\nweak a = a callback\ncollect\nexpect callbacks a 1\nexpect a nil");
}

#[test]
fn saved_drop_empties_the_list_first() {
    // Each finalizer that `saved drop` sets off saves its own object again.
    let script = "new p object slots=1\nnew q object\nset p.0 = q\nfinalizer p = keep\nfinalizer q = keep\ndrop q\ndrop p\n\
                  collect\nexpect alive p q\nsaved drop\ncollect\nexpect[refcount,cycles] dead p\n\
                  expect[refcount,cycles] alive q\nsaved drop\ncollect\nexpect dead p q\nexpect live 0";
    passes(script);
}

#[test]
fn allocate_saves_what_it_allocates() {
    passes(
        "new a object\nfinalizer a = allocate 300\ndrop a\ncollect\nexpect live 300\nsaved drop\ncollect\nexpect live 0",
    );
}

#[test]
fn a_collect_inside_a_collection_counts_nothing_and_one_outside_is_real() {
    let inside = "new a object slots=1\nset a.0 = a\nfinalizer a = collect\ndrop a\ncollect\nexpect[cycles,tracing] collections 1";
    passes(inside);
    let outside = "new a object\nfinalizer a = collect\ndrop a\nexpect collections 1\nexpect freed 0";
    assert_eq!(under::<Cycles>(outside), "passed");
}

#[test]
fn freeze_makes_objects_reachable_until_unfreeze() {
    let script = "new a object slots=1\nset a.0 = a\nfreeze\ndrop a\ncollect\nexpect[cycles,tracing] alive a\nunfreeze\n\
                  collect\nexpect[cycles,tracing] dead a";
    passes(script);
}

#[test]
fn automatic_collections_stop_and_start() {
    let rings = "repeat 3000\nnew a object slots=1\nset a.0 = a\nend\n";
    passes(&format!("auto off\n{rings}expect[all] collections 0"));
    assert_eq!(under::<Cycles>(&format!("{rings}expect collections >= 3")), "passed");
    assert_eq!(under::<Cycles>(&format!("threshold 0\n{rings}expect collections 0")), "passed");
    let more = under::<Cycles>(&format!("threshold 7\n{rings}expect collections >= 1000000"));
    assert!(more.starts_with("7:23: expected at least 1000000 collections, actual "), "{more}");
}

#[test]
fn finalizers_nest_deep_and_beyond_the_limit_stop_the_script() {
    let nested = |depth: u32| {
        format!(
            "auto off\nnew a object slots=1\nrepeat {depth}\nnew b object slots=1\nset b.0 = a\nfinalizer b = clear 0\n\
             set b.0 = a\nnew t object slots=1\nset t.0 = b\nget a = t.0\nend\ndrop b\ndrop t\ndrop a"
        )
    };
    assert_eq!(under::<RefCount>(&nested(49_900)), "passed");
    assert_eq!(
        under::<RefCount>(&nested(50_100)),
        "15:1: finalizers run inside finalizers, expected at most 50000 levels"
    );
}

#[test]
fn regions_reclaim_nothing_and_finalize_nothing() {
    let script =
        "new a object\nfinalizer a = keep\nweak w = a callback\ndrop a\ncollect\nexpect[all] alive a\n";
    assert_eq!(
        under::<Region>(&format!(
            "{script}expect[region] w alive\nexpect[region] finalized a 0\nexpect[region] callbacks w 0"
        )),
        "passed"
    );
    assert_eq!(under::<Region>("new a object\ndrop a\nexpect dead a"), "passed", "not for regions");
}
