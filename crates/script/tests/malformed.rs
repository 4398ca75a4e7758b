//! Malformed scripts: each with the exact place and the beginning of the message.

use heapbench_script::load;

/// A script (after `heap 1` and a line feed, unless it brings its own), the line and column, the message's beginning.
type Case = (&'static str, &'static str, &'static str);

fn check(header: &str, cases: &[Case]) {
    for (text, place, message) in cases {
        let text = format!("{header}{text}");
        let shown: String = text.chars().take(200).collect();
        let error = load(text.as_bytes()).expect_err(&shown).to_string();
        assert!(error.starts_with(&format!("{place}: {message}")), "{shown:?}: {error}");
        assert!(error.contains(", expected "), "{error}");
        assert!(error.bytes().all(|b| (0x20..0x7f).contains(&b)) && error.len() < 300, "{error}");
    }
}

#[test]
fn the_header() {
    check(
        "",
        &[
            ("", "1:1", "the file has no statement"),
            ("\n\n  \n# nothing\n", "1:1", "the file has no statement"),
            ("\u{feff}heap 1\n", "1:1", "a byte order mark"),
            ("new A object\n", "1:1", "'new' comes first"),
            ("# so\n\t drop A", "2:3", "'drop' comes first"),
            ("heap", "1:5", "the line ends here"),
            ("heap   # 1\n", "1:5", "the line ends here"),
            ("heap 2", "1:6", "'2' is an unknown version"),
            ("heap 1KiB", "1:6", "'1KiB' is an unknown version"),
            ("heap 1 1", "1:8", "'1' is too much"),
            ("Heap 1", "1:1", "'Heap' comes first"),
            ("heap 1\nheap 1\n", "2:1", "a second 'heap'"),
            ("repeat 2\n", "1:1", "'repeat' comes first"),
        ],
    );
}

#[test]
fn the_text() {
    check(
        "heap 1\n",
        &[
            ("drop A\rdrop B\n", "2:7", "a carriage return"),
            ("drop A\r", "2:7", "a carriage return"),
            ("drop A\r\r\n", "2:7", "a carriage return"),
            ("drop A # so\rbut\n", "2:12", "a carriage return"),
            ("drop \0A", "2:6", "a NUL"),
            ("# \0", "2:3", "a NUL"),
            ("# \u{1b}[1m", "2:3", "a control character"),
            ("# \u{7f}", "2:3", "a control character"),
            ("drop\u{b}A", "2:5", "a control character"),
            ("# caf\u{e9} \u{85}", "2:9", "a control character"),
            ("drop caf\u{e9}", "2:9", "a character beyond ASCII"),
            ("\u{a0}drop A", "2:1", "a character beyond ASCII"),
            ("drop A \u{2192} # so", "2:8", "a character beyond ASCII"),
            ("\u{feff}drop A", "2:1", "a character beyond ASCII"),
            // Left to right: what stands before the bad byte is read first.
            ("drap A\0", "2:1", "'drap' is no statement"),
            ("drop A B \0", "2:8", "'B' is too much"),
            ("new A # \0", "2:6", "the line ends here"),
            ("new A \0", "2:7", "a NUL"),
            ("new A obj\0ect", "2:10", "a NUL"),
            ("drop 9\ndrop \0", "2:6", "'9' is not a name"),
        ],
    );
    let load_bytes = |bytes: &[u8]| load(&[b"heap 1\n".as_slice(), bytes].concat()).unwrap_err().to_string();
    assert!(load_bytes(b"# \xff").starts_with("2:3: these bytes are no UTF-8"));
    assert!(load_bytes(b"# \xed\xa0\x80").starts_with("2:3: these bytes are no UTF-8"));
    assert!(load_bytes(b"# \xe2\x82").starts_with("2:3: these bytes are no UTF-8"));
    assert!(load_bytes(b"drop A\xc0\xaf").starts_with("2:7: these bytes are no UTF-8"));
    assert!(load_bytes(b"drop \x01 \xff").starts_with("2:6: a control character"));
}

#[test]
fn names() {
    check(
        "heap 1\n",
        &[
            ("drop", "2:5", "the line ends here"),
            ("  drop\t", "2:7", "the line ends here"),
            ("drop 9a", "2:6", "'9a' is not a name"),
            ("drop a-b", "2:6", "'a-b' is not a name"),
            ("drop nil", "2:6", "'nil' is a reserved word"),
            ("new saved object", "2:5", "'saved' is a reserved word"),
            ("mark order", "2:6", "'order' is a reserved word"),
            ("mark 1", "2:6", "'1' is not a name"),
            ("drop {i}", "2:6", "'{i}' is not a name"),
            ("drop a{i}", "2:6", "{i} is the round of a level 1 'repeat'"),
            ("repeat 1\ndrop a{j-1}\nend", "3:6", "{j-1} is the round of a level 2 'repeat'"),
            ("repeat 1\ndrop a{i+2}\nend", "3:6", "'a{i+2}' is not a name"),
            ("repeat 1\ndrop a{i\nend", "3:6", "'a{i' is not a name"),
            ("repeat 1\ndrop a{}\nend", "3:6", "'a{}' is not a name"),
            ("repeat 1\ndrop a}\nend", "3:6", "'a}' is not a name"),
            ("repeat 1\ndrop {i}a\nend", "3:6", "'{i}a' is not a name"),
            ("repeat 1\nend\ndrop a{i}", "4:6", "{i} is the round of a level 1 'repeat'"),
        ],
    );
    let long = "x".repeat(65);
    let refused = |text: String| load(text.as_bytes()).unwrap_err().to_string();
    assert!(refused(format!("heap 1\ndrop {long}")).starts_with("2:6: 'xxxx"));
    assert!(refused(format!("heap 1\nset a.0 = {long}")).contains("2:11: 'xxxxxxxxxx"));
    assert!(load(format!("heap 1\ndrop {}", &long[1..]).as_bytes()).is_ok());
    // 63 bytes and a digit are possible, 64 and a digit never.
    assert!(load(format!("heap 1\nrepeat 2\ndrop {}{{i+1}}\nend", &long[2..]).as_bytes()).is_ok());
    assert!(refused(format!("heap 1\nrepeat 2\ndrop {}{{i}}\nend", &long[1..])).starts_with("3:6: 'xxx"));
}

#[test]
fn numbers() {
    check(
        "heap 1\n",
        &[
            ("collect 3", "2:9", "'3' is over the limit"),
            ("collect x", "2:9", "'x' is not a number"),
            ("collect -1", "2:9", "'-1' is not a number"),
            ("collect 1KiB", "2:9", "'1KiB' is not a number"),
            ("collect {i}", "2:9", "{i} is the round of a level 1"),
            ("collect 000000000000000000001", "2:9", "'000000000000000000001' is not a number"),
            ("expect live 99999999999999999999", "2:13", "'99999999999999999999' is over the limit"),
            ("expect live 9223372036854775808", "2:13", "'9223372036854775808' is over the limit"),
            ("threshold 2147483648", "2:11", "'2147483648' is over the limit"),
            ("threshold 1 2 3 4", "2:17", "'4' is too much"),
            ("threshold", "2:10", "the line ends here"),
            ("limit", "2:6", "the line ends here"),
            ("limit 1025GiB", "2:7", "'1025GiB' is over the limit"),
            ("limit 18446744073709551615GiB", "2:7", "'18446744073709551615GiB' is over the limit"),
            ("limit 99999999999999999999KiB", "2:7", "'99999999999999999999KiB' is over the limit"),
            ("limit 1KB", "2:7", "'1KB' is not a number"),
            ("limit KiB", "2:7", "'KiB' is not a size"),
            ("limit 1 KiB", "2:9", "'KiB' is too much"),
            ("limit nil", "2:7", "'nil' is not a number"),
            ("repeat 100000001\nend", "2:8", "'100000001' is over the limit"),
            ("repeat\nend", "2:7", "the line ends here"),
            ("repeat {i}\nend", "2:8", "{i} is the round of a level 1"),
            ("finalizer a = allocate 1000001", "2:24", "'1000001' is over the limit"),
        ],
    );
}

#[test]
fn objects_and_slots() {
    check(
        "heap 1\n",
        &[
            ("new", "2:4", "the line ends here"),
            ("new a", "2:6", "the line ends here"),
            ("new a thing", "2:7", "'thing' is no kind"),
            ("new a weak", "2:7", "'weak' is no kind"),
            ("new a List", "2:7", "'List' is no kind"),
            ("new a list slots", "2:17", "the value is missing"),
            ("new a list slots=", "2:18", "the number is missing"),
            ("new a list slots=x", "2:18", "'x' is not a number"),
            ("new a list slots = 1", "2:17", "the value is missing"),
            ("new a list slots=268435457", "2:18", "'268435457' is over the limit"),
            ("new a list slots=1KiB", "2:18", "'1KiB' is not a number"),
            ("new a list slots=1 slots=1", "2:20", "a second 'slots='"),
            ("new a list bytes=1 slots=1 bytes=2", "2:28", "a second 'bytes='"),
            ("new a list bytes=2049GiB", "2:18", "'2049GiB' is over the limit"),
            ("new a list size=1", "2:12", "'size=1' is out of place"),
            ("new a str slots=1", "2:17", "'1' is over the limit"),
            ("new a list slots=1 b", "2:20", "'b' is out of place"),
            ("set a.0", "2:8", "the line ends here"),
            ("set a = b", "2:6", "the slot is missing"),
            ("set a. = b", "2:7", "the number is missing"),
            ("set .0 = b", "2:5", "the name is missing"),
            ("set a.x = b", "2:7", "'x' is not a number"),
            ("set nil.0 = b", "2:5", "'nil' is a reserved word"),
            ("set a.268435457 = b", "2:7", "'268435457' is over the limit"),
            ("set a.0 b", "2:9", "'b' is out of place"),
            ("set a.0=b", "2:7", "'0=b' is not a number"),
            ("set a.0 =", "2:10", "the line ends here"),
            ("set a.0 = none", "2:11", "'none' is a reserved word"),
            ("set a.0 = b c", "2:13", "'c' is too much"),
            ("get x = nil", "2:9", "'nil' is a reserved word"),
            ("get x = a", "2:10", "the slot is missing"),
            ("get x.0 = a", "2:5", "'x.0' is not a name"),
            ("copy a.0 -> b.0", "2:9", "the range is incomplete"),
            ("copy a.0..x -> b.0", "2:11", "'x' is not a number"),
            ("copy a...1 -> b.0", "2:8", "the number is missing"),
            ("copy a.0.1 -> b.0", "2:8", "'0.1' is not a number"),
            ("copy a.0.. -> b.0", "2:11", "the number is missing"),
            ("copy a.0..1 = b.0", "2:13", "'=' is out of place"),
            ("copy a.0..1 -> b", "2:17", "the slot is missing"),
            ("copy a.0..1 -> b.0..1", "2:18", "'0..1' is not a number"),
            ("fill a = b", "2:7", "the range is incomplete"),
            ("fill a.0..1 =", "2:14", "the line ends here"),
            ("resize a", "2:9", "the line ends here"),
            ("resize a slots", "2:15", "the value is missing"),
            ("resize a bytes=1", "2:10", "'bytes=1' is out of place"),
            ("resize a slots=1 slots=1", "2:18", "'slots=1' is too much"),
            ("weak w", "2:7", "the line ends here"),
            ("weak w = a back", "2:12", "'back' is out of place"),
            ("weak w = a callback x", "2:21", "'x' is too much"),
            ("weak w = nil", "2:10", "'nil' is a reserved word"),
            ("upgrade x w", "2:11", "'w' is out of place"),
        ],
    );
}

#[test]
fn finalizers_and_control() {
    check(
        "heap 1\n",
        &[
            ("bogus", "2:1", "'bogus' is no statement"),
            ("NEW a object", "2:1", "'NEW' is no statement"),
            ("= a", "2:1", "'=' is no statement"),
            ("finalizer a =", "2:14", "the line ends here"),
            ("finalizer a = burn", "2:15", "'burn' is no action"),
            ("finalizer a = clear", "2:20", "the line ends here"),
            ("finalizer a = clear x", "2:21", "'x' is not a number"),
            ("finalizer a = move 0 b.0", "2:22", "'b.0' is out of place"),
            ("finalizer a = move 0 -> b", "2:26", "the slot is missing"),
            ("finalizer a = read", "2:19", "the line ends here"),
            ("finalizer a = keep it", "2:20", "'it' is too much"),
            ("saved", "2:6", "the line ends here"),
            ("saved keep", "2:7", "'keep' is out of place"),
            ("auto", "2:5", "the line ends here"),
            ("auto On", "2:6", "'On' is out of place"),
            ("freeze now", "2:8", "'now' is too much"),
            ("check 1", "2:7", "'1' is too much"),
            ("mark", "2:5", "the line ends here"),
        ],
    );
}

#[test]
fn expectations() {
    check(
        "heap 1\n",
        &[
            ("expect", "2:7", "the line ends here"),
            ("expect[cycles]", "2:15", "the line ends here"),
            ("expect[] live 1", "2:8", "'' is no family"),
            ("expect[cycle] live 1", "2:8", "'cycle' is no family"),
            ("expect[cycles,] live 1", "2:15", "'' is no family"),
            ("expect[cycles,Region] live 1", "2:15", "'Region' is no family"),
            ("expect[cycles live 1", "2:14", "the bracket is open"),
            ("expect[cycles]live 1", "2:15", "'live' is out of place"),
            ("expect [cycles] live 1", "2:8", "'[cycles]' is not a name"),
            ("expect[cycles, region] live 1", "2:15", "'' is no family"),
            ("expects live 1", "2:1", "'expects' is no statement"),
            ("expect alive", "2:13", "the line ends here"),
            ("expect dead a 9", "2:15", "'9' is not a name"),
            ("expect order a nil", "2:16", "'nil' is a reserved word"),
            ("expect freed", "2:13", "the line ends here"),
            ("expect freed >= 1", "2:14", "'>=' is not a number"),
            ("expect finalized 1", "2:18", "'1' is not a name"),
            ("expect finalized a", "2:19", "the line ends here"),
            ("expect w", "2:9", "the line ends here"),
            ("expect w dead", "2:10", "'dead' is out of place"),
            ("expect w alive x", "2:16", "'x' is too much"),
            ("expect nil alive", "2:8", "'nil' is a reserved word"),
            ("expect saved 1", "2:8", "'saved' is a reserved word"),
            ("expect callbacks w -1", "2:20", "'-1' is not a number"),
            ("expect read a", "2:14", "the line ends here"),
            ("expect collections > 1", "2:20", "'>' is not a number"),
            ("expect collections >=", "2:22", "the line ends here"),
            ("expect collections >=1", "2:20", "'>=1' is not a number"),
            ("expect error", "2:13", "the line ends here"),
            ("expect error memory", "2:14", "'memory' is out of place"),
            ("expect failures 1 2", "2:19", "'2' is too much"),
        ],
    );
}

#[test]
fn blocks() {
    check(
        "heap 1\n",
        &[
            ("end", "2:1", "an 'end' without a 'repeat'"),
            ("repeat 1\nend now", "3:5", "'now' is too much"),
            ("repeat 1\nend\n end", "4:2", "an 'end' without a 'repeat'"),
            ("repeat 1\n", "2:1", "the 'repeat' has no end"),
            ("repeat 1\n repeat 1\n end\n", "2:1", "the 'repeat' has no end"),
            ("repeat 1\n repeat 1\n", "3:2", "the 'repeat' has no end"),
            ("repeat 1\nrepeat 1\nrepeat 1\nrepeat 1\n", "5:1", "a 'repeat' of level 4"),
            // In reading order: the missing `end` is seen last.
            ("repeat 1\nbogus\n", "3:1", "'bogus' is no statement"),
            ("repeat 1\nrepeat {j}\nend\nend", "3:8", "{j} is the round of a level 2"),
        ],
    );
}

#[test]
fn how_far_it_unrolls() {
    check(
        "heap 1\n",
        &[
            ("repeat 100000000\ncheck\ncheck\nend", "2:8", "the script unrolls to too many"),
            ("repeat 10001\nrepeat 10000\ncheck\nend\nend", "3:8", "the script unrolls to too many"),
            ("repeat 100000000\nrepeat 2\nend\ncheck\ncheck\nend", "2:8", "the script unrolls to too many"),
            ("repeat 100000\nrepeat {i}\ncheck\nend\nend", "3:8", "the script unrolls to too many"),
            ("repeat 100000000\nrepeat 1\nrepeat {i+1}\ncheck", "4:8", "the script unrolls to too many"),
            ("repeat 1000\nrepeat {i+1}\nrepeat {j+1}\ncheck", "4:8", "the script unrolls to too many"),
            ("repeat 100000000\ncheck\nend\ncheck", "2:8", "the script unrolls to too many"),
            // As read: nothing behind the statement counts.
            ("repeat 100000000\ncheck\ncheck\nbogus", "2:8", "the script unrolls to too many"),
            ("repeat 100000000\ncheck\nbogus", "4:1", "'bogus' is no statement"),
        ],
    );
    let unrolled = |text: &str| load(format!("heap 1\n{text}").as_bytes()).expect(text).unrolled;
    assert_eq!(unrolled("repeat 100000000\ncheck\nend"), 100_000_000);
    assert_eq!(
        unrolled("check\nrepeat 10\nrepeat {i}\ncheck\nrepeat {j+1}\ncheck\nend\nend\nend"),
        1 + 45 + 165
    );
    assert_eq!(unrolled("repeat 0\nrepeat 100000000\nrepeat 100000000\ncheck\nend\nend\nend"), 0);
    assert_eq!(unrolled("repeat 3\nrepeat {i-1}\ncheck\nend\nend"), 1);
}
