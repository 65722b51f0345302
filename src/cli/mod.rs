//! The command lines: what the programs share, and one file for each.
//!
//! Results go to stdout, everything else to stderr. The programs in `src/bin` only call [`run`].

pub mod audit;
pub mod classify;
pub mod evaluate;
mod in_order;
mod prevalence;
mod progress;
mod stop;
pub mod train;

use crate::error::{Error, Result};
use crate::output::{WholeRows, visible};
use crate::read::{Articles, BadRows, Columns, Field, Format, OnError, ReadOptions};
use clap::{Args, Parser, ValueEnum};
use encoding_rs::Encoding;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Parses the command line, runs `program` and reports how it ended.
pub fn run<A: Parser>(program: impl FnOnce(A) -> Result<()>) -> ExitCode {
    let arguments = parse::<A>();
    match stop::end_in_order().and_then(|()| program(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let status = error.status();
            if status != 0 {
                eprintln!(
                    "{}: {}",
                    A::command().get_name(),
                    visible(&error.to_string())
                );
            }
            ExitCode::from(status)
        }
    }
}

/// Parses the command line; ends the program where that fails or asks for help. An error quotes arguments, so it is made
/// of those that are fit to be seen.
fn parse<A: Parser>() -> A {
    A::try_parse().unwrap_or_else(|error| {
        if error.use_stderr() {
            let shown = std::env::args_os().map(|a| visible(&a.to_string_lossy()));
            if let Err(error) = A::try_parse_from(shown) {
                error.exit();
            }
            eprintln!("{}", visible(&error.to_string()));
            std::process::exit(2);
        }
        error.exit()
    })
}

/// How input files are read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Input")]
pub struct ReadArgs {
    /// JSONL file of articles {"id", "headline"?, "body"?} that rows name by article_id; may be repeated
    #[arg(long, value_name = "FILE")]
    articles: Vec<PathBuf>,
    /// Text file with the article of all rows: first line headline, the rest body
    #[arg(long, value_name = "FILE.txt")]
    article: Option<PathBuf>,
    /// Format of all input files; by default their extensions tell, and JSONL where they do not
    #[arg(long, value_enum, value_name = "FORMAT")]
    input_format: Option<InputFormat>,
    /// Encoding of files without a byte-order mark, such as windows-1251 [default: utf-8]
    #[arg(long, value_name = "NAME", value_parser = encoding)]
    encoding: Option<&'static Encoding>,
    /// What a bad row does
    #[arg(long, value_enum, default_value_t = OnErrorArg::Stop, value_name = "WHAT")]
    on_error: OnErrorArg,
    /// Where skipped rows are listed, as JSONL
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// The longest row; a longer one is a bad row
    #[arg(long, default_value_t = 16 << 20, value_name = "BYTES")]
    max_line_bytes: usize,
    #[command(flatten)]
    columns: ColumnArgs,
}

/// Names of columns that differ from the reference format's.
#[derive(Debug, Args)]
#[command(next_help_heading = "Columns of other names")]
struct ColumnArgs {
    /// Column with the comment
    #[arg(long, value_name = "NAME")]
    text_column: Option<String>,
    /// Column with the id
    #[arg(long, value_name = "NAME")]
    id_column: Option<String>,
    /// Column with the label
    #[arg(long, value_name = "NAME")]
    label_column: Option<String>,
    /// Column with another annotator's label
    #[arg(long, value_name = "NAME")]
    second_label_column: Option<String>,
    /// Column with the headline
    #[arg(long, value_name = "NAME")]
    headline_column: Option<String>,
    /// Column with the article's text
    #[arg(long, value_name = "NAME")]
    body_column: Option<String>,
    /// Column with the article's id
    #[arg(long, value_name = "NAME")]
    article_id_column: Option<String>,
    /// Column with the text replied to
    #[arg(long, value_name = "NAME")]
    parent_column: Option<String>,
    /// Column with the group
    #[arg(long, value_name = "NAME")]
    group_column: Option<String>,
    /// Column with the language
    #[arg(long, value_name = "NAME")]
    lang_column: Option<String>,
    /// Column with the weight
    #[arg(long, value_name = "NAME")]
    weight_column: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum InputFormat {
    Jsonl,
    Csv,
    Tsv,
    Txt,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnErrorArg {
    Stop,
    Skip,
}

fn encoding(name: &str) -> std::result::Result<&'static Encoding, String> {
    Encoding::for_label(name.as_bytes())
        .ok_or_else(|| "not the name of an encoding (WHATWG)".to_string())
}

/// Reads a number; clap's own reader takes "nan" for one, which is above and below nothing.
fn number(text: &str) -> std::result::Result<f64, String> {
    let value: Option<f64> = text.parse().ok();
    value
        .filter(|value| value.is_finite())
        .ok_or_else(|| "expected a number".to_string())
}

impl ReadArgs {
    /// The options for reading.
    pub fn options(&self, labels_required: bool, keep_fields: bool) -> ReadOptions {
        let mut columns = Columns::default();
        let names = &self.columns;
        for (field, name) in [
            (Field::Text, &names.text_column),
            (Field::Id, &names.id_column),
            (Field::Label, &names.label_column),
            (Field::SecondLabel, &names.second_label_column),
            (Field::Headline, &names.headline_column),
            (Field::Body, &names.body_column),
            (Field::ArticleId, &names.article_id_column),
            (Field::Parent, &names.parent_column),
            (Field::Group, &names.group_column),
            (Field::Lang, &names.lang_column),
            (Field::Weight, &names.weight_column),
        ] {
            if let Some(name) = name {
                columns.set(field, name);
            }
        }
        ReadOptions {
            format: self.input_format.map(|f| match f {
                InputFormat::Jsonl => Format::Jsonl,
                InputFormat::Csv => Format::Csv,
                InputFormat::Tsv => Format::Tsv,
                InputFormat::Txt => Format::Txt,
            }),
            encoding: self.encoding,
            columns,
            max_line_bytes: self.max_line_bytes,
            labels_required,
            keep_fields,
        }
    }

    /// The articles that rows are joined with.
    ///
    /// # Errors
    /// As [`Articles::add_file`] and [`Articles::set_for_all`].
    pub fn load_articles(&self) -> Result<Articles> {
        let mut articles = Articles::default();
        for path in &self.articles {
            articles.add_file(path)?;
        }
        if let Some(path) = &self.article {
            articles.set_for_all(path)?;
        }
        Ok(articles)
    }

    /// The flags that give rows an article, with placeholders for files.
    pub fn shape(&self) -> Vec<(&'static str, &'static str)> {
        let mut flags = vec![("articles", "ARTICLES.jsonl"); self.articles.len()];
        flags.extend(self.article.iter().map(|_| ("article", "ARTICLE.txt")));
        flags
    }

    /// What happens to bad rows.
    ///
    /// # Errors
    /// [`Error::Io`] where the list of rejects cannot be made.
    pub fn bad_rows(&self) -> Result<BadRows> {
        let on_error = match self.on_error {
            OnErrorArg::Stop => OnError::Stop,
            OnErrorArg::Skip => OnError::Skip,
        };
        if on_error == OnError::Stop {
            if self.rejects.is_some() {
                return Err(Error::Usage("--rejects needs --on-error skip".into()));
            }
            return Ok(BadRows::stop());
        }
        let list = match &self.rejects {
            Some(path) => {
                let file = File::create(path).map_err(|e| Error::io(path, e))?;
                let list = WholeRows::new(file, &stop::WRITING);
                Some(Box::new(list) as Box<dyn std::io::Write + Send>)
            }
            None => None,
        };
        Ok(BadRows::skip(list))
    }
}

/// The number of threads that `--threads` asks for; `None`: as many as the machine has cores.
///
/// # Errors
/// [`Error::Usage`] where it is 0.
pub fn thread_count(threads: Option<usize>) -> Result<usize> {
    match threads {
        Some(0) => Err(Error::Usage("--threads is 0; expected at least 1".into())),
        Some(n) => Ok(n),
        None => Ok(std::thread::available_parallelism().map_or(1, |n| n.get())),
    }
}

/// Uses `threads` threads; `None`: as many as the machine has cores.
///
/// # Errors
/// [`Error::Usage`] where the threads cannot be started.
pub fn set_threads(threads: Option<usize>) -> Result<()> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(thread_count(threads)?)
        .build_global()
        .map_err(|e| Error::Usage(format!("--threads: {e}")))
}

/// Writes `text` to stdout.
///
/// # Errors
/// [`Error::Io`] where it cannot be written.
pub fn print(text: &str) -> Result<()> {
    use std::io::Write;
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(|e| Error::io("stdout", e))
}

/// Writes `text` to the file at `path`, which is afterwards what it was or all of `text`. What is there and is no
/// file, such as a pipe, is written to as it is.
///
/// # Errors
/// [`Error::Io`] where it cannot be written.
pub fn save_text(path: &Path, text: &str) -> Result<()> {
    let fail = |e| Error::io(path, e);
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        return fs::write(path, text).map_err(fail);
    }
    let name = path
        .file_name()
        .ok_or_else(|| fail(std::io::Error::other("expected the name of a file")))?;
    let new = path.with_file_name(format!(
        ".{}.new-{}",
        name.to_string_lossy(),
        std::process::id()
    ));
    let result = fs::write(&new, text).and_then(|()| fs::rename(&new, path));
    if result.is_err() {
        let _ = fs::remove_file(&new);
    }
    result.map_err(fail)
}

/// A closing line about rows: "3 rows in, 2 classified, 1 rejected".
pub fn row_summary(done: u64, verb: &str, rejected: u64) -> String {
    let rows = |n: u64| {
        if n == 1 {
            "1 row".to_string()
        } else {
            format!("{n} rows")
        }
    };
    format!(
        "{} in, {done} {verb}, {rejected} rejected",
        rows(done + rejected)
    )
}
