//! The articles that rows are joined with: `--articles` and `--article`.

use super::jsonl::read_fields;
use super::source;
use super::{Columns, Field};
use crate::error::{Error, Result};
use crate::record::{Article, id_string};
use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

/// Articles by id, and one for every row that names none.
#[derive(Debug, Default)]
pub struct Articles {
    by_id: Option<HashMap<String, Article>>,
    for_all: Option<Article>,
}

impl Articles {
    /// Adds the articles of a JSONL file of `{"id", "headline"?, "body"?}`.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read, [`Error::Data`] where a row is wrong or an id stands twice.
    pub fn add_file(&mut self, path: &Path) -> Result<()> {
        let by_id = self.by_id.get_or_insert_default();
        let content = read_text(path)?;
        let columns = Columns::default();
        for (at, line) in content.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let fail =
                |reason: String| Error::Data(format!("{}:{}: {reason}", path.display(), at + 1));
            let fields = read_fields(line, &columns, false).map_err(fail)?;
            let id = match fields.get(Field::Id) {
                Some(raw) if !raw.starts_with(['[', '{', 't', 'f']) => id_string(raw),
                Some(raw) => {
                    return Err(fail(format!(
                        "\"id\" is {raw}; expected a string or a number"
                    )));
                }
                None => return Err(fail("no \"id\"; expected the article's id".into())),
            };
            let text = |field: Field| match fields.get(field) {
                Some(raw) => serde_json::from_str::<String>(raw)
                    .map(|s| Some(s.into()))
                    .map_err(|_| fail(format!("{:?} is {raw}; expected a string", field.name()))),
                None => Ok(None),
            };
            let article = Article {
                headline: text(Field::Headline)?,
                body: text(Field::Body)?,
            };
            if by_id.insert(id.clone(), article).is_some() {
                return Err(fail(format!(
                    "article id {id:?} stands twice; expected each once"
                )));
            }
        }
        Ok(())
    }

    /// Takes `path`, a text file, as the article of every row: its first non-empty line is the headline, the rest the
    /// body.
    ///
    /// # Errors
    /// [`Error::Io`] where it cannot be read or is not UTF-8.
    pub fn set_for_all(&mut self, path: &Path) -> Result<()> {
        self.for_all = Some(article_from_text(&read_text(path)?));
        Ok(())
    }

    /// The article called `id`; `Ok(None)` where no `--articles` file was given.
    ///
    /// # Errors
    /// `()` where files were given and none holds it.
    pub(super) fn get(&self, id: &str) -> std::result::Result<Option<&Article>, ()> {
        match &self.by_id {
            Some(by_id) => by_id.get(id).map(Some).ok_or(()),
            None => Ok(None),
        }
    }

    /// The article of rows that name none.
    pub(super) fn for_all(&self) -> Option<&Article> {
        self.for_all.as_ref()
    }
}

pub(super) fn read_text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    source::open(path, None)
        .and_then(|mut source| source.read_to_end(&mut bytes))
        .map_err(|e| Error::io(path, e))?;
    String::from_utf8(bytes).map_err(|e| {
        let line = 1 + e.as_bytes()[..e.utf8_error().valid_up_to()]
            .iter()
            .filter(|&&b| b == b'\n')
            .count();
        Error::Data(format!("{}:{line}: invalid UTF-8", path.display()))
    })
}

fn article_from_text(text: &str) -> Article {
    let text = text.trim_start();
    let (headline, body) = text.split_once('\n').unwrap_or((text, ""));
    let some = |s: &str| (!s.trim().is_empty()).then(|| s.trim().into());
    Article {
        headline: some(headline),
        body: some(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_non_empty_line_is_the_headline() {
        let article = article_from_text("\n  Town taken \r\n\nArmy says so.\nMore.\n");
        assert_eq!(article.headline.as_deref(), Some("Town taken"));
        assert_eq!(article.body.as_deref(), Some("Army says so.\nMore."));
        assert_eq!(article_from_text(""), Article::default());
    }

    #[test]
    fn an_article_id_that_stands_twice_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.jsonl");
        std::fs::write(&path, "{\"id\":1}\n{\"id\":\"1\"}\n").unwrap();
        let error = Articles::default().add_file(&path).unwrap_err();
        assert_eq!(error.status(), 3);
        assert!(
            error
                .to_string()
                .ends_with("a.jsonl:2: article id \"1\" stands twice; expected each once")
        );
    }
}
