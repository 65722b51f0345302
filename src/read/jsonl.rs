//! Reads one JSON object into the raw values of the record's fields.

use super::plain::read_plain;
use super::{Columns, Field};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The fields of one object, as JSON text, in the order of [`Field`]; `None` for absent and `null`.
#[derive(Default)]
pub struct RawFields<'a> {
    values: [Option<&'a str>; Field::COUNT],
    /// The other fields as one JSON object, where they were asked for.
    pub others: Option<String>,
}

impl<'a> RawFields<'a> {
    /// The JSON text of `field`.
    pub fn get(&self, field: Field) -> Option<&'a str> {
        self.values[field as usize]
    }

    /// Sets the JSON text of `field`.
    pub fn set(&mut self, field: Field, value: &'a str) {
        self.values[field as usize] = (value != "null").then_some(value);
    }
}

/// Reads `line`, one JSON object.
///
/// # Errors
/// What is wrong with it.
pub fn read_fields<'a>(
    line: &'a str,
    columns: &Columns,
    keep_others: bool,
) -> Result<RawFields<'a>, String> {
    let plain = (!keep_others).then(|| read_plain(line, columns)).flatten();
    let mut fields = plain.map_or_else(|| parse_fields(line, columns, keep_others), Ok)?;
    for &(first, later) in columns.shared() {
        fields.values[later as usize] = fields.values[first as usize];
    }
    Ok(fields)
}

/// [`read_fields`], whatever the line holds, but for fields that share a column.
pub(super) fn parse_fields<'a>(
    line: &'a str,
    columns: &Columns,
    keep_others: bool,
) -> Result<RawFields<'a>, String> {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    let fields = Object {
        columns,
        keep_others,
    }
    .deserialize(&mut deserializer)
    .and_then(|fields| deserializer.end().map(|()| fields))
    .map_err(|e| {
        if line.trim_start().starts_with('{') {
            format!("not a JSON object: {e}")
        } else {
            "not a JSON object; expected {\"text\": …} (for plain text use --input-format txt)"
                .to_string()
        }
    })?;
    Ok(fields)
}

struct Object<'c> {
    columns: &'c Columns,
    keep_others: bool,
}

impl<'de> DeserializeSeed<'de> for Object<'_> {
    type Value = RawFields<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_> {
    type Value = RawFields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = RawFields::default();
        let mut others = self.keep_others.then(|| String::from("{"));
        while let Some(key) = map.next_key_seed(Key(&self))? {
            match (key, &mut others) {
                (Name::Known(field), _) => {
                    let value = map.next_value::<&RawValue>()?.get();
                    fields.set(field, value);
                }
                (Name::Other(name), Some(others)) => {
                    let value = map.next_value::<&RawValue>()?.get();
                    if others.len() > 1 {
                        others.push(',');
                    }
                    others
                        .push_str(&serde_json::to_string(&name).map_err(serde::de::Error::custom)?);
                    others.push(':');
                    others.push_str(value);
                }
                (Name::Other(_), None) => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        fields.others = others.map(|o| o + "}");
        Ok(fields)
    }
}

enum Name {
    Known(Field),
    Other(String),
}

struct Key<'a, 'c>(&'a Object<'c>);

impl<'de> DeserializeSeed<'de> for Key<'_, '_> {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Name, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_, '_> {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(match self.0.columns.field(name) {
            Some(field) => Name::Known(field),
            None if self.0.keep_others => Name::Other(name.to_string()),
            None => Name::Other(String::new()),
        })
    }
}
