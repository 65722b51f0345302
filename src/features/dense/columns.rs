//! The columns of the stance model, as the configuration tells them, and when each holds.

use super::{DenseFeatures, flag_names, value_names};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// One column, as the model's configuration tells it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// Holds where the flag holds.
    Flag {
        /// The flag's name.
        flag: String,
    },
    /// Holds where both flags hold.
    Both {
        /// The flags' names.
        both: [String; 2],
    },
    /// Holds under one headline that is a topic.
    Topic {
        /// The hash of the headline's words.
        topic: u64,
    },
    /// Holds where the similarity is known and above an edge.
    Above {
        /// The similarity's name.
        value: String,
        /// The edge.
        above: f32,
    },
    /// Holds where the comment is like those remembered with a label under its headline, above an edge; or, with
    /// `unlike`, where it is so much more like them than like those with another label.
    Like {
        /// The label.
        like: String,
        /// The other label.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unlike: Option<String>,
        /// The edge.
        above: f32,
    },
    /// Holds where the comment is like all those remembered under its headline, above an edge.
    Familiar {
        /// The edge.
        familiar_above: f32,
    },
}

impl Column {
    /// The column's name in explanations.
    pub fn name(&self) -> String {
        match self {
            Column::Flag { flag } => flag.clone(),
            Column::Both { both: [a, b] } => format!("{a} & {b}"),
            Column::Topic { topic } => format!("topic {topic:016x}"),
            Column::Above { value, above } => format!("{value} > {above:.3}"),
            Column::Like {
                like,
                unlike: None,
                above,
            } => format!("like {like} under this headline > {above:.3}"),
            Column::Like {
                like,
                unlike: Some(unlike),
                above,
            } => format!("more like {like} than {unlike} under this headline > {above:.3}"),
            Column::Familiar {
                familiar_above: above,
            } => format!("like the comments under this headline > {above:.3}"),
        }
    }

    /// The rule of the column in a model with these labels.
    ///
    /// # Errors
    /// [`Error::Model`] where a name is unknown or an edge is not finite.
    pub(super) fn rule(&self, labels: &[String]) -> Result<Rule> {
        let label = |name: &str| {
            let found = labels.iter().position(|l| l == name);
            found.ok_or_else(|| {
                Error::Model(format!(
                    "config.json: unknown label {name:?}; expected one of the model's"
                ))
            })
        };
        let finite = |edge: f32| {
            edge.is_finite().then_some(edge).ok_or_else(|| {
                Error::Model("config.json: an edge is not finite; expected a number".into())
            })
        };
        Ok(match self {
            Column::Flag { flag } => Rule::Flag(flag_index(flag)?),
            Column::Both { both: [a, b] } => Rule::Both(flag_index(a)?, flag_index(b)?),
            Column::Topic { topic } => Rule::Topic(*topic),
            Column::Above { value, above } => {
                let found = value_names().position(|n| n == value);
                let value = found.ok_or_else(|| {
                    Error::Model(format!(
                        "config.json: unknown similarity {value:?}; expected one that this version knows"
                    ))
                })?;
                Rule::Above(value, finite(*above)?)
            }
            Column::Like {
                like,
                unlike: None,
                above,
            } => Rule::Like(label(like)?, finite(*above)?),
            Column::Like {
                like,
                unlike: Some(unlike),
                above,
            } => Rule::Closer(label(like)?, label(unlike)?, finite(*above)?),
            Column::Familiar { familiar_above } => {
                Rule::Like(labels.len(), finite(*familiar_above)?)
            }
        })
    }
}

/// A column, by numbers in place of names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rule {
    Flag(usize),
    Both(usize, usize),
    Above(usize, f32),
    Topic(u64),
    Like(usize, f32),
    Closer(usize, usize, f32),
}

/// The number of the flag `name`.
pub(super) fn flag_index(name: &str) -> Result<usize> {
    let found = flag_names().iter().position(|n| n == name);
    found.ok_or_else(|| {
        Error::Model(format!(
            "config.json: unknown flag {name:?}; expected one that this version knows"
        ))
    })
}

/// Whether `rule` holds for a comment with these features.
pub(super) fn holds(rule: Rule, features: &DenseFeatures) -> bool {
    match rule {
        Rule::Flag(i) => features.flags.has(i),
        Rule::Both(i, j) => features.flags.has(i) && features.flags.has(j),
        Rule::Above(i, edge) => features.values.get(i).is_some_and(|v| *v > edge),
        Rule::Topic(topic) => features.headline == topic,
        Rule::Like(i, edge) => features.likeness.get(i).is_some_and(|v| *v > edge),
        Rule::Closer(i, j, edge) => {
            let likeness = &features.likeness;
            j < likeness.len() && likeness[i] - likeness[j] > edge
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::context;

    #[test]
    fn columns_survive_json() {
        let columns = vec![
            Column::Flag {
                flag: "a link".into(),
            },
            Column::Both {
                both: ["a link".into(), "an emoji".into()],
            },
            Column::Above {
                value: context::VALUES[0].into(),
                above: 0.1,
            },
            Column::Like {
                like: "a".into(),
                unlike: None,
                above: 0.1,
            },
            Column::Like {
                like: "a".into(),
                unlike: Some("b".into()),
                above: 0.1,
            },
            Column::Familiar {
                familiar_above: 0.1,
            },
        ];
        let json = serde_json::to_string(&columns).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Column>>(&json).unwrap(), columns);
    }
}
