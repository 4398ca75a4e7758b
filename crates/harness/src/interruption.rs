//! Ctrl-C, and the signals that ask a program to end: noticed, remembered, acted on between two cells.

use crate::trouble::Trouble;
use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// The exit status of an interrupted command, by convention: 128 and the number of SIGINT.
pub const EXIT_STATUS: u8 = 130;

/// Begins to listen. A second request ends the process at once.
///
/// # Errors
/// The system lets no handler be set.
pub fn listen() -> Result<(), Trouble> {
    let handler = || {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(EXIT_STATUS));
        }
    };
    ctrlc::set_handler(handler).map_err(|error| Trouble::failure(format!("no handler for signals: {error}")))
}

/// Whether the user wants to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
