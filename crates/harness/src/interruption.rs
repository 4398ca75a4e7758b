//! Ctrl-C, and the signals that ask a program to end: noticed, remembered, acted on between two cells.

use crate::trouble::Trouble;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

static LISTENING: OnceLock<Result<(), Trouble>> = OnceLock::new();

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// The exit status of an interrupted command, by convention: 128 and the number of SIGINT.
pub const EXIT_STATUS: u8 = 130;

/// Begins to listen, if nobody does yet. A second request ends the process at once.
///
/// # Errors
/// The system lets no handler be set.
pub fn listen() -> Result<(), Trouble> {
    let handler = || {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(i32::from(EXIT_STATUS));
        }
    };
    let failed = |error: &dyn std::fmt::Display| Trouble::failure(format!("no handler for signals: {error}"));
    let listen = || {
        // A file that may not grow further is an error of that write, and not the end of the process.
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default())
            .map_err(|error| failed(&error))?;
        ctrlc::set_handler(handler).map_err(|error| failed(&error))
    };
    LISTENING.get_or_init(listen).clone()
}

/// Whether the user wants to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
