//! The default model, embedded in the program.

use crate::classifier::Classifier;
use crate::error::Result;
use crate::model_dir::ModelFiles;

/// Loads the embedded default model.
///
/// # Errors
/// [`crate::error::Error::Model`] where the program was built with a broken model.
pub fn default_classifier() -> Result<Classifier> {
    ModelFiles {
        config: include_bytes!("../models/default/config.json").to_vec(),
        tokenizer: include_bytes!("../models/default/tokenizer.json").to_vec(),
        weights: include_bytes!("../models/default/model.safetensors").to_vec(),
        embeddings_tokenizer: None,
        card: Vec::new(),
    }
    .classifier()
}
