//! Trains a model. See [`stance::cli::train`].

use std::process::ExitCode;

fn main() -> ExitCode {
    stance::cli::run(stance::cli::train::run_train)
}
