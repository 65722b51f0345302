//! The records that everything works on: a [`Comment`] and the [`Article`] it stands under.
//!
//! A comment is one row of the input, whatever its format was; see [`crate::read`] for how rows become comments.

use std::sync::Arc;

/// The text that a comment is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Article {
    /// The claim: headline, source post or topic.
    pub headline: Option<Arc<str>>,
    /// The article's text.
    pub body: Option<Arc<str>>,
}

/// One comment with its context and, for training and evaluation, its gold label.
#[derive(Debug, Clone, PartialEq)]
pub struct Comment {
    /// The id as JSON, exactly as it was written: `"a1"` or `17`.
    pub id: String,
    /// The comment's text; may be empty.
    pub text: String,
    /// The gold label, never empty.
    pub label: Option<String>,
    /// Another annotator's label.
    pub second_label: Option<String>,
    /// The claim that the comment is about.
    pub headline: Option<Arc<str>>,
    /// The article's text.
    pub body: Option<Arc<str>>,
    /// The article's id, as a string.
    pub article_id: Option<String>,
    /// The text that this comment replies to: another comment, or the headline itself.
    pub parent: Option<String>,
    /// Rows of one group never stand on both sides of a split.
    pub group: Option<String>,
    /// BCP 47 language tag; only used to slice reports.
    pub lang: Option<String>,
    /// Training weight, at least 0 and finite. Default 1.
    pub weight: f64,
    /// The row's other fields as one JSON object, where they were asked for.
    pub fields: Option<String>,
}

impl Default for Comment {
    fn default() -> Self {
        Comment {
            id: "1".into(),
            text: String::new(),
            label: None,
            second_label: None,
            headline: None,
            body: None,
            article_id: None,
            parent: None,
            group: None,
            lang: None,
            weight: 1.0,
            fields: None,
        }
    }
}

impl Comment {
    /// A comment that is only its text.
    pub fn new(text: impl Into<String>) -> Self {
        Comment {
            text: text.into(),
            ..Comment::default()
        }
    }

    /// The same comment under `headline`.
    pub fn under(mut self, headline: impl Into<Arc<str>>) -> Self {
        self.headline = Some(headline.into());
        self
    }

    /// The same comment with a gold `label`.
    pub fn labelled(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same comment without headline, body and parent; it stays in its group.
    pub fn without_context(&self) -> Self {
        Comment {
            headline: None,
            body: None,
            parent: None,
            group: self.group_key().map(str::to_string),
            ..self.clone()
        }
    }

    /// What keeps rows together in splits and folds: `group`, else `article_id`, else the headline. `None`: the row
    /// stands alone.
    pub fn group_key(&self) -> Option<&str> {
        self.group
            .as_deref()
            .or(self.article_id.as_deref())
            .or(self.headline.as_deref())
    }

    /// The value of the field called `name` in the reference format, or of one of [`Comment::fields`]; `None` where it is
    /// absent.
    pub fn field(&self, name: &str) -> Option<String> {
        match name {
            "text" => Some(self.text.clone()),
            "id" => Some(self.id_string()),
            "label" => self.label.clone(),
            "second_label" => self.second_label.clone(),
            "headline" => self.headline.as_deref().map(str::to_string),
            "body" => self.body.as_deref().map(str::to_string),
            "article_id" => self.article_id.clone(),
            "parent" => self.parent.clone(),
            "group" => self.group.clone(),
            "lang" => self.lang.clone(),
            "weight" => Some(self.weight.to_string()),
            _ => {
                let fields: serde_json::Value =
                    serde_json::from_str(self.fields.as_deref()?).ok()?;
                match fields.get(name)? {
                    serde_json::Value::Null => None,
                    serde_json::Value::String(s) => Some(s.clone()),
                    other => Some(other.to_string()),
                }
            }
        }
    }

    /// The id as a plain string: `"a1"` and `a1` are the same id.
    pub fn id_string(&self) -> String {
        id_string(&self.id)
    }
}

/// A JSON id (`"a1"`, `17`) as a plain string.
pub fn id_string(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_falls_back_to_article_then_headline_then_nothing() {
        let mut c = Comment::new("x").under("h");
        assert_eq!(c.group_key(), Some("h"));
        c.article_id = Some("a".into());
        assert_eq!(c.group_key(), Some("a"));
        c.group = Some("g".into());
        assert_eq!(c.group_key(), Some("g"));
        assert_eq!(Comment::new("x").group_key(), None);
    }

    #[test]
    fn fields_go_by_name_also_those_that_the_record_does_not_know() {
        let mut c = Comment::new("x").labelled("a");
        c.fields = Some(r#"{"conflict":"gaza","round":3,"note":null}"#.into());
        for (name, value) in [
            ("text", Some("x")),
            ("label", Some("a")),
            ("conflict", Some("gaza")),
            ("round", Some("3")),
            ("note", None),
            ("lang", None),
        ] {
            assert_eq!(c.field(name).as_deref(), value, "{name}");
        }
    }

    #[test]
    fn ids_compare_as_strings() {
        assert_eq!(id_string("17"), id_string("\"17\""));
        assert_eq!(id_string(r#""a\"b""#), "a\"b");
    }
}
