//! Progress bars on stderr, where that is a terminal.

use crate::read::ByteCount;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How far the reading of files has come, in bytes; nothing where stdout is a terminal too, whose results would be in its
/// way.
pub struct Reading {
    bar: ProgressBar,
    count: ByteCount,
}

impl Reading {
    /// A bar for `files`, of which `count` counts the bytes that were read. Where standard input is among them, the end
    /// is not known and no time left is shown.
    pub fn new(files: &[PathBuf], count: ByteCount) -> Self {
        if std::io::stdout().is_terminal() {
            let bar = ProgressBar::hidden();
            return Reading { bar, count };
        }
        let length = |path: &PathBuf| match path.as_path() == Path::new("-") {
            true => None,
            false => std::fs::metadata(path).ok().map(|m| m.len()),
        };
        let (total, template) = match files.iter().map(length).sum::<Option<u64>>() {
            Some(total) => (
                Some(total),
                "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left; {msg}",
            ),
            None => (None, "{spinner} {elapsed}; {msg}"),
        };
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        Reading {
            bar: bar.with_style(style(template)),
            count,
        }
    }

    /// Shows how much was read, and that `n_rows` are done.
    pub fn show(&self, n_rows: u64) {
        self.bar.set_position(self.count.get());
        self.bar.set_message(format!("{n_rows} rows"));
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Shows that `what` goes on and how long it has taken, until it is dropped.
pub struct Working(ProgressBar);

impl Working {
    /// Begins to show it.
    pub fn new(what: String) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let bar = bar.with_style(style("{spinner} {elapsed}; {msg}"));
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(200));
        Working(bar)
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
