//! Turns one raw row into a [`Comment`], or says what is wrong with it.

use super::articles::Articles;
use super::csv::Header;
use super::jsonl::{RawFields, read_fields};
use super::{Columns, Content, Field, ReadOptions, Row};
use crate::record::{Article, Comment};
use std::borrow::Cow;
use std::str::from_utf8;

/// Turns raw rows into comments; can be shared between threads.
pub struct RowParser<'a> {
    columns: &'a Columns,
    labels_required: bool,
    keep_fields: bool,
    articles: &'a Articles,
}

impl<'a> RowParser<'a> {
    /// A parser by `options` that joins rows with `articles`.
    pub fn new(options: &'a ReadOptions, articles: &'a Articles) -> Self {
        RowParser {
            columns: &options.columns,
            labels_required: options.labels_required,
            keep_fields: options.keep_fields,
            articles,
        }
    }

    /// The comment that `row` holds.
    ///
    /// # Errors
    /// The reason why it is a bad row: what was found and what was expected.
    pub fn parse(&self, row: &Row) -> Result<Comment, String> {
        let mut comment = match &row.content {
            Content::TooLong { limit, .. } => {
                return Err(format!(
                    "the row is longer than {limit} bytes, the limit of --max-line-bytes"
                ));
            }
            Content::Text(bytes) => Comment {
                id: String::new(),
                ..Comment::new(utf8(bytes)?)
            },
            Content::Json(bytes) => {
                let fields = read_fields(utf8(bytes)?, self.columns, self.keep_fields)?;
                self.from_json(fields)?
            }
            Content::Cells(header, cells) => self.from_cells(header, cells)?,
        };
        if comment.id.is_empty() {
            comment.id = row.number.to_string();
        }
        if self.labels_required && comment.label.is_none() {
            return Err(format!(
                "no {:?}; expected a label",
                self.columns.name(Field::Label)
            ));
        }
        self.join(&mut comment)?;
        Ok(comment)
    }

    #[allow(clippy::wrong_self_convention)]
    fn from_json(&self, fields: RawFields) -> Result<Comment, String> {
        let text = |field| -> Result<Option<String>, String> {
            fields
                .get(field)
                .map(|raw| self.string(field, raw, false).map(Cow::into_owned))
                .transpose()
        };
        let name = |field| -> Result<Option<String>, String> {
            fields
                .get(field)
                .map(|raw| self.string(field, raw, true).map(Cow::into_owned))
                .transpose()
        };
        let id = match fields.get(Field::Id) {
            Some(raw) => {
                self.string(Field::Id, raw, true)?;
                raw.to_string()
            }
            None => String::new(),
        };
        let weight = match fields.get(Field::Weight) {
            Some(raw) => self.weight(raw)?,
            None => 1.0,
        };
        let comment = Comment {
            id,
            text: text(Field::Text)?.ok_or_else(|| self.missing_text())?,
            label: name(Field::Label)?,
            second_label: name(Field::SecondLabel)?,
            headline: text(Field::Headline)?.map(Into::into),
            body: text(Field::Body)?.map(Into::into),
            article_id: name(Field::ArticleId)?,
            parent: text(Field::Parent)?,
            group: name(Field::Group)?,
            lang: text(Field::Lang)?,
            weight,
            fields: fields.others,
        };
        for (field, value) in [
            (Field::Label, &comment.label),
            (Field::SecondLabel, &comment.second_label),
        ] {
            if value.as_deref() == Some("") {
                return Err(format!(
                    "{:?} is empty; expected a label",
                    self.columns.name(field)
                ));
            }
        }
        Ok(comment)
    }

    #[allow(clippy::wrong_self_convention)]
    fn from_cells(&self, header: &Header, cells: &csv::ByteRecord) -> Result<Comment, String> {
        if cells.len() != header.names.len() {
            return Err(format!(
                "{} cells; expected {}, as in the header",
                cells.len(),
                header.names.len()
            ));
        }
        let mut comment = Comment {
            id: String::new(),
            ..Comment::default()
        };
        let mut others = serde_json::Map::new();
        for ((cell, fields), name) in cells.iter().zip(&header.fields).zip(&header.names) {
            let cell = utf8(cell)?;
            if fields.is_empty() && !cell.is_empty() {
                others.insert(name.clone(), cell.into());
            }
            for field in fields {
                let value = (!cell.is_empty()).then(|| cell.to_string());
                match (field, value) {
                    (Field::Text, value) => comment.text = value.unwrap_or_default(),
                    (_, None) => {}
                    (Field::Id, _) => comment.id = serde_json::Value::from(cell).to_string(),
                    (Field::Label, value) => comment.label = value,
                    (Field::SecondLabel, value) => comment.second_label = value,
                    (Field::Headline, _) => comment.headline = Some(cell.into()),
                    (Field::Body, _) => comment.body = Some(cell.into()),
                    (Field::ArticleId, value) => comment.article_id = value,
                    (Field::Parent, value) => comment.parent = value,
                    (Field::Group, value) => comment.group = value,
                    (Field::Lang, value) => comment.lang = value,
                    (Field::Weight, _) => comment.weight = self.weight(cell)?,
                }
            }
        }
        if self.keep_fields {
            comment.fields = Some(serde_json::Value::from(others).to_string());
        }
        Ok(comment)
    }

    /// The string that the JSON text `raw` holds; of a number, where one is allowed, its text.
    fn string<'r>(
        &self,
        field: Field,
        raw: &'r str,
        number_allowed: bool,
    ) -> Result<Cow<'r, str>, String> {
        let name = self.columns.name(field);
        let expected = if number_allowed {
            "a string or a number"
        } else {
            "a string"
        };
        match raw.as_bytes().first() {
            Some(b'"') if !raw.contains('\\') => Ok(raw[1..raw.len() - 1].into()),
            Some(b'"') => serde_json::from_str(raw)
                .map(Cow::Owned)
                .map_err(|e| format!("{name:?} is not a valid string: {e}")),
            Some(b'-' | b'0'..=b'9') if number_allowed => Ok(raw.into()),
            Some(b'[') => Err(format!("{name:?} is an array; expected {expected}")),
            Some(b'{') => Err(format!("{name:?} is an object; expected {expected}")),
            _ => Err(format!("{name:?} is {raw}; expected {expected}")),
        }
    }

    fn weight(&self, raw: &str) -> Result<f64, String> {
        match raw.trim().parse::<f64>() {
            Ok(weight) if weight.is_finite() && weight >= 0.0 => Ok(weight),
            _ => Err(format!(
                "{:?} is {raw}; expected a finite number of at least 0",
                self.columns.name(Field::Weight)
            )),
        }
    }

    fn missing_text(&self) -> String {
        format!(
            "no {:?}; expected the comment's text",
            self.columns.name(Field::Text)
        )
    }

    fn join(&self, comment: &mut Comment) -> Result<(), String> {
        let article: Option<&Article> = match &comment.article_id {
            Some(id) => self
                .articles
                .get(id)
                .map_err(|()| format!("article_id {id:?} is not in the files of --articles"))?,
            None => None,
        };
        let Some(article) = article.or(self.articles.for_all()) else {
            return Ok(());
        };
        if comment.headline.is_none() {
            comment.headline.clone_from(&article.headline);
        }
        if comment.body.is_none() {
            comment.body.clone_from(&article.body);
        }
        Ok(())
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, String> {
    from_utf8(bytes).map_err(|e| {
        format!("byte {} of the row is not valid in its encoding; expected UTF-8 or what --encoding names", e.valid_up_to() + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Rows};
    use super::*;
    use std::sync::Arc;

    fn parse_with(line: &str, labels_required: bool) -> Result<Comment, String> {
        let options = ReadOptions {
            labels_required,
            keep_fields: true,
            ..ReadOptions::default()
        };
        let articles = Articles::default();
        let row = Row {
            file: Arc::from("f"),
            line: 1,
            file_number: 0,
            number: 7,
            content: Content::Json(line.as_bytes().to_vec()),
        };
        RowParser::new(&options, &articles).parse(&row)
    }

    #[test]
    fn a_full_row_is_read() {
        let c = parse_with(
            r#"{"id":17,"text":"t","label":3,"headline":"h","weight":0.5,"parent":null,"x":[1],"lang":"uk"}"#,
            true,
        )
        .unwrap();
        assert_eq!((c.id.as_str(), c.label.as_deref()), ("17", Some("3")));
        assert_eq!(
            (c.weight, c.parent, c.lang.as_deref()),
            (0.5, None, Some("uk"))
        );
        assert_eq!(c.fields.as_deref(), Some(r#"{"x":[1]}"#));
    }

    #[test]
    fn the_id_is_the_row_number_where_there_is_none_and_is_echoed_where_there_is_one() {
        assert_eq!(parse_with(r#"{"text":""}"#, false).unwrap().id, "7");
        assert_eq!(
            parse_with(r#"{"text":"","id":"a\u0062"}"#, false)
                .unwrap()
                .id,
            r#""a\u0062""#
        );
        assert_eq!(
            parse_with(r#"{"text":"","id":1.50}"#, false).unwrap().id,
            "1.50"
        );
    }

    #[test]
    fn one_column_can_hold_two_fields_in_json_and_in_cells() {
        let mut options = ReadOptions::default();
        options.columns.set(Field::Headline, "topic");
        options.columns.set(Field::Group, "topic");
        let articles = Articles::default();
        for (format, bytes) in [
            (Format::Jsonl, &br#"{"topic":"x","text":"t"}"#[..]),
            (Format::Csv, b"topic,text\nx,t\n"),
        ] {
            options.format = Some(format);
            let reader = Box::new(std::io::Cursor::new(bytes));
            let row = Rows::of_reader("f", reader, &options).next_row();
            let row = row.unwrap().unwrap();
            let comment = RowParser::new(&options, &articles).parse(&row).unwrap();
            assert_eq!(comment.headline.as_deref(), Some("x"));
            assert_eq!(comment.group.as_deref(), Some("x"));
            assert_eq!(comment.label, None);
        }
    }

    #[test]
    fn bad_rows_say_what_was_found_and_expected() {
        for (line, reason) in [
            ("{}", "no \"text\"; expected the comment's text"),
            (
                r#"{"text":null}"#,
                "no \"text\"; expected the comment's text",
            ),
            (r#"{"text":5}"#, "\"text\" is 5; expected a string"),
            (
                r#"{"text":["a"]}"#,
                "\"text\" is an array; expected a string",
            ),
            (r#"{"text":"a"}"#, "no \"label\"; expected a label"),
            (
                r#"{"text":"a","label":""}"#,
                "\"label\" is empty; expected a label",
            ),
            (
                r#"{"text":"a","label":true}"#,
                "\"label\" is true; expected a string or a number",
            ),
            (
                r#"{"text":"a","label":"b","weight":-1}"#,
                "\"weight\" is -1; expected a finite number of at least 0",
            ),
            (
                r#"{"text":"a","label":"b","weight":1e999}"#,
                "\"weight\" is 1e999; expected a finite number of at least 0",
            ),
            (
                r#"{"text":"a","label":"b","id":{}}"#,
                "\"id\" is an object; expected a string or a number",
            ),
        ] {
            assert_eq!(parse_with(line, true).unwrap_err(), reason, "{line}");
        }
        assert!(
            parse_with("text", false)
                .unwrap_err()
                .starts_with("not a JSON object")
        );
        assert!(
            parse_with(r#"{"text":"a"} x"#, false)
                .unwrap_err()
                .starts_with("not a JSON object")
        );
    }
}
