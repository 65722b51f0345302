//! The encoder: which columns hold for a comment, and which gates are open.

use super::columns::{Column, Rule, flag_index, holds};
use super::{DenseFeatures, EmbeddingInputs, Scored, flag_names, value_names};
use crate::error::Result;
use smallvec::SmallVec;

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

impl DenseEncoder {
    /// The encoder of these columns and gates for a model with these labels.
    ///
    /// # Errors
    /// [`Error::Model`] where a name is unknown or an edge is not finite.
    pub fn new(columns: Vec<Column>, gates: Vec<String>, labels: &[String]) -> Result<Self> {
        let mut by_flag = vec![Vec::new(); flag_names().len()];
        let mut by_value = vec![Vec::new(); value_names().count()];
        let mut others = Vec::new();
        for (number, column) in (0..).zip(&columns) {
            match column.rule(labels)? {
                Rule::Flag(i) => by_flag[i].push((number, None)),
                Rule::Both(i, j) => by_flag[i].push((number, Some(j))),
                Rule::Above(i, edge) => by_value[i].push((number, edge)),
                rule => others.push((number, rule)),
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
