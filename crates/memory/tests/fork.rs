//! Copies of this process. A test program of its own, without the test harness: that has threads.

use heapbench_memory::fork::in_a_copy;

fn main() {
    a_copy_answers_and_what_it_writes_is_its_own();
    a_long_answer_arrives_whole();
    a_copy_that_panics_or_dies_is_an_error();
    a_process_with_threads_is_not_copied();
}

fn a_copy_answers_and_what_it_writes_is_its_own() {
    let mut numbers = vec![1_u8, 2, 3];
    let answer = in_a_copy(|| {
        numbers.push(4);
        numbers.clone()
    });
    assert_eq!(answer.unwrap(), [1, 2, 3, 4]);
    assert_eq!(numbers, [1, 2, 3]);
}

/// Longer than a pipe holds: the original reads while the copy writes.
fn a_long_answer_arrives_whole() {
    let answer = in_a_copy(|| (0..3_000_000_u32).map(|i| (i % 251) as u8).collect()).unwrap();
    assert_eq!(answer.len(), 3_000_000);
    assert!(answer.iter().enumerate().all(|(i, byte)| usize::from(*byte) == i % 251));
}

fn a_copy_that_panics_or_dies_is_an_error() {
    std::panic::set_hook(Box::new(|_| ()));
    let panicked = in_a_copy(|| panic!("planted")).unwrap_err().to_string();
    assert!(panicked.contains("status 1"), "{panicked}");
    let died = in_a_copy(|| std::process::abort()).unwrap_err().to_string();
    assert!(died.contains("signal 6"), "{died}");
    let _ = std::panic::take_hook();
}

fn a_process_with_threads_is_not_copied() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || receiver.recv().is_err());
    let refused = in_a_copy(Vec::new).unwrap_err().to_string();
    assert!(refused.contains("2 threads, expected 1"), "{refused}");
    drop(sender);
    assert!(thread.join().unwrap());
}
