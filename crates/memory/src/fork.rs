//! Work in a copy of this process: `fork`, as a server does that prepares its data once and then forks its workers.
//!
//! What the copy writes is the copy's own, page by page (copy on write), and is gone with it; the original waits for its
//! answer and is as it was. Only a process of one thread is copied: another thread could hold a lock at that moment,
//! and would not be there to release it.

use std::io::{Error, PipeReader, PipeWriter, Read, Result, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs `work` in a copy of this process and gives its answer.
///
/// # Errors
/// The process has several threads; the system refuses a process or a pipe; the copy crashed or panicked.
pub fn in_a_copy(work: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>> {
    let threads = threads();
    if threads != 1 {
        return Err(Error::other(format!("a process of {threads} threads, expected 1 to be copied")));
    }
    let (reader, writer) = std::io::pipe()?;
    // SAFETY: there is no other thread, so the copy has all of this process, with no lock held and nothing half done.
    match unsafe { libc::fork() } {
        -1 => Err(Error::last_os_error()),
        0 => {
            drop(reader);
            answer(writer, work)
        }
        copy => {
            drop(writer);
            listen(reader, copy)
        }
    }
}

/// Threads of this process; 0 where the system does not say, and then it is not known to be one.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// The copy's part. It never returns: what it came from goes on in the original alone, and must not be unwound, dropped or
/// run again here.
fn answer(mut writer: PipeWriter, work: impl FnOnce() -> Vec<u8>) -> ! {
    // Nothing that a panic left half done is used after it.
    let answered = catch_unwind(AssertUnwindSafe(work)).is_ok_and(|text| writer.write_all(&text).is_ok());
    drop(writer);
    // SAFETY: no precondition. Unlike `exit` it runs nothing that the original will run at its own end.
    unsafe { libc::_exit(i32::from(!answered)) }
}

/// The original's part: the answer, once the copy has ended well.
fn listen(mut reader: PipeReader, copy: libc::pid_t) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let read = reader.read_to_end(&mut text);
    let status = wait(copy)?;
    read?;
    if libc::WIFSIGNALED(status) {
        return Err(Error::other(format!("the copy was ended by signal {}", libc::WTERMSIG(status))));
    }
    match libc::WEXITSTATUS(status) {
        0 => Ok(text),
        code => Err(Error::other(format!("the copy ended with status {code}, expected an answer"))),
    }
}

fn wait(copy: libc::pid_t) -> Result<i32> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is a valid place for the answer.
        if unsafe { libc::waitpid(copy, &mut status, 0) } == copy {
            return Ok(status);
        }
        let error = Error::last_os_error();
        if error.kind() != std::io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
