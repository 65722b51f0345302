//! The columns of the stance model beside the text scores: flags, pairs of flags, and similarities above an edge.
//!
//! Every column is 0 or 1, so that inputs are of comparable size whatever the data. A similarity becomes several columns,
//! one for each edge that it exceeds; edges are quantiles of the training data. Columns that almost never, or almost
//! always, hold in the training data are left out. A comment's embedding, where the model has embeddings, is a block of
//! inputs of its own.

use super::flags::Flags;
use super::surface::{Seen, surface_flags};
use super::{Block, context, surface};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use std::sync::OnceLock;

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
}

/// The dense features of one comment: surface flags, then context flags, and the similarities.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DenseFeatures {
    /// By [`flag_names`].
    pub flags: Flags,
    /// By [`value_names`]; NaN where the text it compares with is absent. Without embeddings, those that need none; may be
    /// empty where no text is there to compare with.
    pub values: Vec<f32>,
    /// A hash of the headline's words; 0 without a headline.
    pub headline: u64,
    /// Whether there is a parent.
    pub has_parent: bool,
    /// By label, then for all labels together; see [`super::memory::Memory::likeness`]. Empty where nothing is remembered
    /// of the headline.
    pub likeness: Vec<f32>,
    /// The comment's embedding; empty without embeddings.
    pub embedding: Vec<f32>,
}

impl DenseFeatures {
    /// Those of the comment `text`, in which this was `seen`, without context and without embeddings: no similarity is
    /// known.
    pub fn alone(text: &str, seen: &Seen) -> Self {
        DenseFeatures {
            flags: surface_flags(text, seen),
            ..DenseFeatures::default()
        }
    }

    /// Whether the comment stands under such a text.
    pub fn has(&self, text: Scored) -> bool {
        match text {
            Scored::Headline => self.headline != 0,
            Scored::Parent => self.has_parent,
        }
    }
}

/// The largest scale of embeddings: what a saved model may say.
const MAX_SCALE: f32 = 1e6;

/// How a comment's embedding becomes inputs of the stance model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingInputs {
    /// The number of dimensions.
    pub n_dimensions: usize,
    /// What coordinates are multiplied by.
    pub scale: f32,
}

impl EmbeddingInputs {
    /// The inputs for embeddings like those of `examples`; `None` where they have none.
    ///
    /// The scale brings coordinates to a root mean square of 1, so that they are of the size of the other inputs, flags
    /// of 0 or 1 and scores divided by their spread, and one penalty fits all. For embeddings of length 1 it is the root
    /// of the number of dimensions.
    fn learn(examples: &[&DenseFeatures]) -> Option<Self> {
        let n_dimensions = examples.first().map_or(0, |e| e.embedding.len());
        let square = |v: &f32| f64::from(*v).powi(2);
        let squares = examples
            .iter()
            .map(|e| e.embedding.iter().map(square).sum::<f64>());
        let known: Vec<f64> = squares.filter(|&s| s > 0.0).collect();
        let mean = known.iter().sum::<f64>() / (known.len() * n_dimensions) as f64;
        let scale = mean.sqrt().recip() as f32;
        (n_dimensions > 0).then_some(EmbeddingInputs {
            n_dimensions,
            scale: if scale.is_finite() {
                scale.min(MAX_SCALE)
            } else {
                1.0
            },
        })
    }
}

/// The names of the cosines between the comment's embedding and the headline's, the body's and the parent's.
const COSINES: [&str; 3] = [
    "embedding cosine with the headline",
    "embedding cosine with the body",
    "embedding cosine with the parent",
];

/// The names of all similarities, those of embeddings last.
pub fn value_names() -> impl Iterator<Item = &'static str> {
    context::VALUES.into_iter().chain(COSINES)
}

/// The names of all flags, surface flags first.
pub fn flag_names() -> &'static [String] {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = surface::surface_names();
        names.extend(context::FLAGS.iter().map(|s| s.to_string()));
        assert!(names.len() <= Flags::ROOM, "{} flags", names.len());
        names
    })
}

/// The context flags that each surface flag is paired with. The first two tell kinds of rows apart, those with headline and
/// body and those without, which may come from different places: each kind gets weights of its own beside the common ones
/// (Daumé 2007, "Frustratingly easy domain adaptation").
const PAIRED: [&str; 7] = [
    "has a headline",
    "has a body",
    "is the headline",
    "nested reply",
    "denies what the headline denies",
    "denies what the headline asserts",
    "asserts what the headline denies",
];

/// The flags under which the text scores get weights of their own.
const GATES: [&str; 8] = [
    "has a body",
    "is the headline",
    "nested reply",
    "headline asks",
    "headline doubts",
    "headline refutes",
    "headline negates",
    "parent asks",
];

/// Quantiles of a similarity that become edges: one for so many training rows, between the two numbers.
const ROWS_PER_EDGE: usize = 500;
const N_EDGES: (usize, usize) = (9, 19);
/// A column must hold, and must not hold, in so many training rows.
const MIN_ROWS: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Rule {
    Flag(usize),
    Both(usize, usize),
    Above(usize, f32),
    Topic(u64),
    Like(usize, f32),
    Closer(usize, usize, f32),
}

/// Turns dense features into columns.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseEncoder {
    columns: Vec<Column>,
    gates: Vec<String>,
    /// The columns that may hold where a flag holds, by flag, with the other flag that they need.
    by_flag: Vec<Vec<(u32, Option<usize>)>>,
    /// The columns that hold above an edge, by similarity.
    by_value: Vec<Vec<(u32, f32)>>,
    /// The other columns, which few comments have: by topic and by likeness to remembered comments.
    others: Vec<(u32, Rule)>,
    gate_flags: Vec<usize>,
    scored: Vec<Scored>,
    embedding: Option<EmbeddingInputs>,
}

/// A text beside the comment whose text scores are inputs of the stance model too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scored {
    /// The headline.
    Headline,
    /// The parent.
    Parent,
}

impl Scored {
    /// The name of its inputs in explanations.
    pub fn name(self) -> &'static str {
        match self {
            Scored::Headline => "text scores of the headline",
            Scored::Parent => "text scores of the parent",
        }
    }
}

fn flag_index(name: &str) -> Result<usize> {
    let found = flag_names().iter().position(|n| n == name);
    found.ok_or_else(|| {
        Error::Model(format!(
            "config.json: unknown flag {name:?}; expected one that this version knows"
        ))
    })
}

impl DenseEncoder {
    /// The encoder of these columns and gates for a model with these labels.
    ///
    /// # Errors
    /// [`Error::Model`] where a name is unknown or an edge is not finite.
    pub fn new(columns: Vec<Column>, gates: Vec<String>, labels: &[String]) -> Result<Self> {
        let label = |name: &str| {
            let found = labels.iter().position(|l| l == name);
            found.ok_or_else(|| {
                Error::Model(format!(
                    "config.json: unknown label {name:?}; expected one of the model's"
                ))
            })
        };
        let finite = |edge: f32| {
            if edge.is_finite() {
                Ok(edge)
            } else {
                Err(Error::Model(
                    "config.json: an edge is not finite; expected a number".into(),
                ))
            }
        };
        let rules = columns.iter().map(|column| {
            Ok(match column {
                Column::Flag { flag } => Rule::Flag(flag_index(flag)?),
                Column::Both { both: [a, b] } => Rule::Both(flag_index(a)?, flag_index(b)?),
                Column::Topic { topic } => Rule::Topic(*topic),
                Column::Above { value, above } => {
                    let found = value_names().position(|n| n == value);
                    let value = found.ok_or_else(|| {
                        Error::Model(format!("config.json: unknown similarity {value:?}; expected one that this version knows"))
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
        });
        let mut by_flag = vec![Vec::new(); flag_names().len()];
        let mut by_value = vec![Vec::new(); value_names().count()];
        let mut others = Vec::new();
        for (column, rule) in (0..).zip(rules) {
            match rule? {
                Rule::Flag(i) => by_flag[i].push((column, None)),
                Rule::Both(i, j) => by_flag[i].push((column, Some(j))),
                Rule::Above(i, edge) => by_value[i].push((column, edge)),
                rule => others.push((column, rule)),
            }
        }
        Ok(DenseEncoder {
            by_flag,
            by_value,
            others,
            gate_flags: gates.iter().map(|g| flag_index(g)).collect::<Result<_>>()?,
            columns,
            gates,
            scored: Vec::new(),
            embedding: None,
        })
    }

    /// The same encoder with these inputs for embeddings.
    pub fn with_embedding(self, embedding: Option<EmbeddingInputs>) -> Self {
        DenseEncoder { embedding, ..self }
    }

    /// The same encoder with inputs for the text scores of these texts.
    pub fn with_scored(self, scored: Vec<Scored>) -> Self {
        DenseEncoder { scored, ..self }
    }

    /// Chooses columns and gates for `examples`, whatever headline they stand under, but for the blocks in `without`.
    pub fn learn(examples: &[&DenseFeatures], labels: &[String], without: &[Block]) -> Self {
        let (columns, gates) = general_columns(examples, without);
        DenseEncoder::learned(columns, gates, labels, examples, without)
    }

    fn learned(
        columns: Vec<Column>,
        gates: Vec<String>,
        labels: &[String],
        examples: &[&DenseFeatures],
        without: &[Block],
    ) -> Self {
        let mut scored = vec![Scored::Headline, Scored::Parent];
        scored.retain(|&text| {
            let n = examples.iter().filter(|e| e.has(text)).count();
            n >= MIN_ROWS && !without.contains(&Block::ContextScores)
        });
        DenseEncoder::new(columns, gates, labels)
            .expect("the names are known")
            .with_scored(scored)
            .with_embedding(EmbeddingInputs::learn(examples))
    }

    /// Chooses columns and gates for `examples` that all stand under headlines of which comments are remembered, with a
    /// column for each of `topics`, but for the blocks in `without`.
    pub fn learn_known(
        examples: &[&DenseFeatures],
        topics: &[u64],
        labels: &[String],
        without: &[Block],
    ) -> Self {
        let (mut columns, gates) = general_columns(examples, without);
        columns.extend(topics.iter().map(|&topic| Column::Topic { topic }));
        let k = labels.len();
        let all = edges(examples.iter().map(|e| e.likeness[k]));
        columns.extend(all.into_iter().map(|edge| Column::Familiar {
            familiar_above: edge,
        }));
        for (i, like) in labels.iter().enumerate() {
            let mut add =
                |unlike: Option<&String>, values: Vec<f32>| {
                    columns.extend(edges(values.into_iter()).into_iter().map(|above| {
                        Column::Like {
                            like: like.clone(),
                            unlike: unlike.cloned(),
                            above,
                        }
                    }));
                };
            add(None, examples.iter().map(|e| e.likeness[i]).collect());
            for (j, unlike) in labels.iter().enumerate().skip(i + 1) {
                let closer = examples.iter().map(|e| e.likeness[i] - e.likeness[j]);
                add(Some(unlike), closer.collect());
            }
        }
        DenseEncoder::learned(columns, gates, labels, examples, without)
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The names of the flags under which the text scores get weights of their own.
    pub fn gates(&self) -> &[String] {
        &self.gates
    }

    /// The texts beside the comment whose text scores are inputs.
    pub fn scored(&self) -> &[Scored] {
        &self.scored
    }

    /// The inputs for the comment's embedding; `None` without embeddings.
    pub fn embedding(&self) -> Option<EmbeddingInputs> {
        self.embedding
    }

    /// The columns that hold, increasing.
    pub fn active_columns(&self, features: &DenseFeatures) -> impl Iterator<Item = usize> + use<> {
        let mut active: SmallVec<[u32; 64]> = SmallVec::new();
        for flag in features.flags.holding() {
            for &(column, other) in &self.by_flag[flag] {
                if other.is_none_or(|other| features.flags.has(other)) {
                    active.push(column);
                }
            }
        }
        let values = features.values.iter().zip(&self.by_value);
        for (value, columns) in values.filter(|(value, _)| !value.is_nan()) {
            let above = columns.iter().filter(|(_, edge)| value > edge);
            active.extend(above.map(|(column, _)| *column));
        }
        let others = self.others.iter();
        active.extend(
            others
                .filter(|(_, rule)| holds(*rule, features))
                .map(|o| o.0),
        );
        if !active.is_sorted() {
            active.sort_unstable();
        }
        active.into_iter().map(|column| column as usize)
    }

    /// The gates that are open, increasing.
    pub fn open_gates<'a>(
        &'a self,
        features: &'a DenseFeatures,
    ) -> impl Iterator<Item = usize> + 'a {
        let flags = self.gate_flags.iter().enumerate();
        flags
            .filter(|(_, flag)| features.flags.has(**flag))
            .map(|(i, _)| i)
    }
}

/// The columns and gates that any example can have, but for the blocks in `without`.
fn general_columns(examples: &[&DenseFeatures], without: &[Block]) -> (Vec<Column>, Vec<String>) {
    let wanted = |block: Block| !without.contains(&block);
    let names = flag_names();
    let n_names = surface::surface_names().len();
    let flag = |name: &str| names.iter().position(|n| n == name).expect("a known flag");
    let varies = |rule: Rule| {
        let n = examples.iter().filter(|e| holds(rule, e)).count();
        n >= MIN_ROWS && examples.len() - n >= MIN_ROWS
    };
    let mut columns = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let block = if i < n_names {
            Block::Surface
        } else {
            Block::Context
        };
        if wanted(block) && varies(Rule::Flag(i)) {
            columns.push(Column::Flag { flag: name.clone() });
        }
    }
    for paired in PAIRED.into_iter().filter(|_| wanted(Block::FlagPairs)) {
        for (i, name) in names[..n_names].iter().enumerate() {
            if varies(Rule::Both(flag(paired), i)) && varies(Rule::Flag(flag(paired))) {
                columns.push(Column::Both {
                    both: [paired.to_string(), name.clone()],
                });
            }
        }
    }
    let similarities = value_names()
        .enumerate()
        .filter(|_| wanted(Block::Similarities));
    for (i, name) in similarities {
        for above in edges(examples.iter().filter_map(|e| e.values.get(i).copied())) {
            if varies(Rule::Above(i, above)) {
                columns.push(Column::Above {
                    value: name.to_string(),
                    above,
                });
            }
        }
    }
    let gates = GATES
        .iter()
        .filter(|g| wanted(Block::Gates) && varies(Rule::Flag(flag(g))));
    (columns, gates.map(|g| g.to_string()).collect())
}

fn holds(rule: Rule, features: &DenseFeatures) -> bool {
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

/// The quantiles of the known values that become edges, increasing and without repetition.
fn edges(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut known: Vec<f32> = values.filter(|v| v.is_finite()).collect();
    known.sort_unstable_by(f32::total_cmp);
    let n = (known.len() / ROWS_PER_EDGE).clamp(N_EDGES.0, N_EDGES.1);
    let mut edges: Vec<f32> = (0..n)
        .filter_map(|i| known.get(known.len() * i / n).copied())
        .collect();
    edges.dedup();
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(flag: bool, value: f32) -> DenseFeatures {
        let mut e = DenseFeatures {
            flags: Flags::from_iter([flag]),
            values: vec![f32::NAN; context::VALUES.len()],
            headline: 0,
            has_parent: false,
            likeness: Vec::new(),
            embedding: Vec::new(),
        };
        e.values[0] = value;
        e
    }

    #[test]
    fn columns_that_do_not_vary_are_left_out() {
        let examples: Vec<_> = (0..90).map(|i| example(i % 2 == 0, i as f32)).collect();
        let encoder = DenseEncoder::learn(&examples.iter().collect::<Vec<_>>(), &[], &[]);
        let names: Vec<String> = encoder.columns().iter().map(Column::name).collect();
        assert_eq!(names[0], "question mark");
        // Edges at 10, 20, … 80; the edge at 0 is exceeded by all but one row.
        assert_eq!(names.len(), 1 + 8);
        assert_eq!(
            encoder
                .active_columns(&example(true, 35.0))
                .collect::<Vec<_>>(),
            [0, 1, 2, 3]
        );
        assert_eq!(encoder.active_columns(&example(false, f32::NAN)).count(), 0);
    }

    #[test]
    fn an_unknown_name_is_refused() {
        let column = Column::Flag { flag: "x".into() };
        assert_eq!(
            DenseEncoder::new(vec![column], vec![], &[])
                .unwrap_err()
                .status(),
            4
        );
    }

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
