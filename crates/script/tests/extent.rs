//! Scripts of any size: on a stack of 256 KiB, each byte read once or twice.

use heapbench_script::load;

fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(256 << 10).spawn(work).expect("a thread");
    thread.join().expect("no panic");
}

fn error(text: &str) -> String {
    load(text.as_bytes()).expect_err("malformed").to_string()
}

#[test]
fn a_line_has_a_limit() {
    // 65,536 bytes, with or without an end; the comment is what is long.
    let comment = |bytes: usize| format!("#{}", "x".repeat(bytes - 1));
    for end in ["", "\n", "\r\n"] {
        assert!(load(format!("heap 1\n{}{end}", comment(65_536)).as_bytes()).is_ok());
        assert!(
            error(&format!("heap 1\n{}{end}", comment(65_537))).starts_with("2:65537: the line is too long")
        );
    }
    let padded = |text: &str, bytes: usize| format!("heap 1\n{text}{}", " ".repeat(bytes - text.len()));
    assert!(load(padded("check", 65_536).as_bytes()).is_ok());
    assert!(error(&padded("check", 65_537)).starts_with("2:65537: the line is too long"));
    assert!(error(&padded("drop", 1 << 20)).starts_with("2:65537: the line is too long"));
    assert!(error(&padded("bogus", 1 << 20)).starts_with("2:1: 'bogus' is no statement"));
    assert!(error(&format!("heap 1\n{}", "x".repeat(1 << 20))).starts_with("2:65537: the line is too long"));
    // A character that the limit cuts in two, and bad bytes on either side of it.
    let cut = format!("heap 1\n#{}\u{e9}", "x".repeat(65_534));
    assert!(error(&cut).starts_with("2:65537: the line is too long"));
    assert!(load(cut.replacen('x', "", 1).as_bytes()).is_ok());
    assert!(error(&format!("heap 1\n{}\0", comment(65_536))).starts_with("2:65537: the line is too long"));
    assert!(error(&format!("heap 1\n{}\0", comment(65_535))).starts_with("2:65536: a NUL"));
    let bytes = [format!("heap 1\n{}", comment(65_536)).as_bytes(), b"\xff"].concat();
    assert!(load(&bytes).unwrap_err().to_string().starts_with("2:65537: the line is too long"));
}

#[test]
fn any_nesting() {
    on_small_stack(|| {
        let deep = "repeat 1\n".repeat(1_000_000);
        assert!(error(&format!("heap 1\n{deep}")).starts_with("5:1: a 'repeat' of level 4"));
        let closed = format!("heap 1\n{deep}{}", "end\n".repeat(1_000_000));
        assert!(error(&closed).starts_with("5:1: a 'repeat' of level 4"));
        let stray = format!("heap 1\n{}", "end\n".repeat(1_000_000));
        assert!(error(&stray).starts_with("2:1: an 'end' without"));
        let wide = format!("heap 1\n{}", "repeat 9\nrepeat {i}\nrepeat {j}\nend\nend\nend\n".repeat(200_000));
        assert_eq!(load(wide.as_bytes()).expect("well-formed").steps.len(), 200_000);
    });
}

#[test]
fn long_scripts() {
    on_small_stack(|| {
        let long = format!("heap 1\n{}", "new a object\nexpect[refcount,cycles] alive a\n".repeat(250_000));
        let script = load(long.as_bytes()).expect("well-formed");
        assert_eq!((script.steps.len(), script.unrolled), (500_000, 500_000));
        assert_eq!(script.to_string(), long);
        let open = format!("heap 1\n{}", "repeat 1\ncheck\nend\n".repeat(100_000)) + "repeat 1\n" + "check\n";
        assert!(error(&open).starts_with("300002:1: the 'repeat' has no end"));
        let names = format!("heap 1\nexpect alive{}", " a".repeat(30_000));
        assert!(load(names.as_bytes()).is_ok());
    });
}

#[test]
fn counts_that_would_take_for_ever_to_add_up() {
    let block = "repeat 100000000\nrepeat 1\nrepeat {j}\ncheck\nend\nrepeat {i-1}\nend\nend\nend\n";
    let script = load(format!("heap 1\n{}", block.repeat(20_000)).as_bytes()).expect("well-formed");
    assert_eq!(script.unrolled, 0);
}
