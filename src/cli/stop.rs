//! What a signal does: the program ends with status 128 and the signal's number, but not in the middle of a row or of a
//! model.

use crate::error::{Error, Result};
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

/// Held while something is written that must not be left half.
pub static WRITING: Mutex<()> = Mutex::new(());

/// How long a signal waits for what is being written. A reader that has stopped reading must not hold the program.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

/// Ends the program in order on SIGINT, SIGTERM and SIGHUP.
///
/// # Errors
/// [`Error::Io`] where the system refuses.
#[cfg(unix)]
pub fn end_in_order() -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM, SIGHUP])
        .map_err(|e| Error::io("signals", e))?;
    std::thread::spawn(move || {
        if let Some(signal) = signals.forever().next() {
            let mut waited = Duration::ZERO;
            // Kept to the end: nothing is begun any more.
            let mut writing = WRITING.try_lock();
            while matches!(writing, Err(TryLockError::WouldBlock)) && waited < PATIENCE {
                std::thread::sleep(PAUSE);
                waited += PAUSE;
                writing = WRITING.try_lock();
            }
            std::process::exit(128 + signal);
        }
    });
    Ok(())
}

/// Elsewhere the system ends the program.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn end_in_order() -> Result<()> {
    Ok(())
}
