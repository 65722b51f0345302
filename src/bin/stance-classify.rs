//! Labels comments. See [`stance::cli::classify`].

use std::process::ExitCode;

fn main() -> ExitCode {
    stance::cli::run(stance::cli::classify::classify)
}
