//! Audits labelled data. See [`stance::cli::audit`].

use std::process::ExitCode;

fn main() -> ExitCode {
    stance::cli::run(stance::cli::audit::run_audit)
}
