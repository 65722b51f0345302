//! The fields of a record, and the names of the columns that hold them.

/// The names under which a file carries the record's fields.
#[derive(Debug, Clone)]
pub struct Columns {
    /// The names, in the order of [`Field`].
    names: [String; Field::COUNT],
    shared: Vec<(Field, Field)>,
}

/// The fields of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Field {
    Text,
    Id,
    Label,
    SecondLabel,
    Headline,
    Body,
    ArticleId,
    Parent,
    Group,
    Lang,
    Weight,
}

impl Field {
    pub(super) const COUNT: usize = 11;
    /// Every field.
    pub const ALL: [Field; Field::COUNT] = [
        Field::Text,
        Field::Id,
        Field::Label,
        Field::SecondLabel,
        Field::Headline,
        Field::Body,
        Field::ArticleId,
        Field::Parent,
        Field::Group,
        Field::Lang,
        Field::Weight,
    ];

    /// The field's name in the reference format.
    pub fn name(self) -> &'static str {
        match self {
            Field::Text => "text",
            Field::Id => "id",
            Field::Label => "label",
            Field::SecondLabel => "second_label",
            Field::Headline => "headline",
            Field::Body => "body",
            Field::ArticleId => "article_id",
            Field::Parent => "parent",
            Field::Group => "group",
            Field::Lang => "lang",
            Field::Weight => "weight",
        }
    }
}

impl Default for Columns {
    fn default() -> Self {
        Columns {
            names: Field::ALL.map(|f| f.name().to_string()),
            shared: Vec::new(),
        }
    }
}

impl Columns {
    /// Reads `field` from the column called `name`. One column may hold several fields, such as topic and group.
    pub fn set(&mut self, field: Field, name: impl Into<String>) {
        self.names[field as usize] = name.into();
        let first = |later| (self.field(self.name(later)).unwrap_or(later), later);
        let pairs = Field::ALL.map(first).into_iter();
        self.shared = pairs.filter(|(first, later)| first != later).collect();
    }

    /// The column that holds `field`.
    pub fn name(&self, field: Field) -> &str {
        &self.names[field as usize]
    }

    /// The first field that the column called `name` holds.
    pub fn field(&self, name: &str) -> Option<Field> {
        let at = self.names.iter().position(|n| n == name)?;
        Some(Field::ALL[at])
    }

    /// Every field that the column called `name` holds.
    pub fn fields(&self, name: &str) -> Vec<Field> {
        let held = |field: &Field| self.name(*field) == name;
        Field::ALL.into_iter().filter(held).collect()
    }

    /// The fields that are read from the column of an earlier one, with that one: (earlier, later).
    pub fn shared(&self) -> &[(Field, Field)] {
        &self.shared
    }
}
