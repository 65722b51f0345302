//! Which columns and gates training takes: those that vary, and edges at the quantiles of similarities.

use super::columns::{Column, Rule, holds};
use super::{DenseEncoder, DenseFeatures, EmbeddingInputs, Scored, flag_names, value_names};
use crate::features::{Block, surface};

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

impl DenseEncoder {
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
    use crate::features::context;
    use crate::features::flags::Flags;

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
}
