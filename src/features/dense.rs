//! The columns of the stance model beside the text scores: flags, pairs of flags, and similarities above an edge.
//!
//! Every column is 0 or 1, so that inputs are of comparable size whatever the data. A similarity becomes several columns,
//! one for each edge that it exceeds; edges are quantiles of the training data. Columns that almost never, or almost
//! always, hold in the training data are left out. A comment's embedding, where the model has embeddings, is a block of
//! inputs of its own.

mod columns;
mod encoder;
mod learn;

pub use columns::Column;
pub use encoder::DenseEncoder;

use super::flags::Flags;
use super::surface::{Seen, surface_flags};
use super::{context, surface};
use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

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
