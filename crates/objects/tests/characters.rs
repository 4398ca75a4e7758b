//! Strs made of characters that were ready beforehand are those that are made of text.

mod support;

use heapbench_heap::Heap;
use heapbench_objects::text::{self, Characters};
use support::{A, B, assert_empty, heap};

#[test]
fn a_str_of_characters_is_the_str_of_the_text() {
    let mut heap = heap();
    for sample in
        ["", "a", "header", "\u{7f}", "\u{e9}", "caf\u{e9}", "\u{9ac}\u{9be}", "a\u{20ac} b", "x\u{1f600}"]
    {
        text::new(&mut heap, A, sample).unwrap();
        text::of(&mut heap, B, &Characters::new(sample)).unwrap();
        assert_eq!(heap.shape(A), heap.shape(B), "{sample}");
        assert_eq!(heap.payload(A), heap.payload(B), "{sample}");
        assert_eq!(text::hash(&mut heap, A), text::hash(&mut heap, B), "{sample}");
    }
    assert_empty(&mut heap);
}
