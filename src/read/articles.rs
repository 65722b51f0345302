//! The articles that rows are joined with: `--articles` and `--article`.

use super::objects::{MAX_BYTES, bad_line, for_each_object};
use super::{Field, source};
use crate::error::{Error, Result};
use crate::record::Article;
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
        for_each_object(path, "the article's id", false, |object| {
            let id = object.scalar(Field::Id)?;
            let article = Article {
                headline: object.text(Field::Headline)?.map(Into::into),
                body: object.text(Field::Body)?.map(Into::into),
            };
            match by_id.insert(id.clone(), article) {
                None => Ok(()),
                Some(_) => Err(format!(
                    "article id {id:?} stands twice; expected each once"
                )),
            }
        })
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

fn read_text(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    source::open(path, None, &source::ByteCount::default())
        .and_then(|source| source.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes))
        .map_err(|e| Error::io(path, e))?;
    if bytes.len() > MAX_BYTES {
        let reason = format!("the file is longer than {MAX_BYTES} bytes; expected an article");
        return Err(bad_line(path, 1, reason));
    }
    String::from_utf8(bytes).map_err(|e| {
        let before = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = 1 + memchr::memchr_iter(b'\n', before).count() as u64;
        bad_line(path, line, "invalid UTF-8; expected UTF-8".into())
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
