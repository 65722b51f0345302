//! Evaluates predictions. See [`stance::cli::evaluate`].

use std::process::ExitCode;

fn main() -> ExitCode {
    stance::cli::run(stance::cli::evaluate::evaluate)
}
