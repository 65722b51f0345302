//! The default model, embedded in the program.

use crate::classifier::Classifier;
use crate::error::Result;
use crate::model_dir::ModelFiles;

/// Loads the embedded default model.
///
/// # Errors
/// [`crate::error::Error::Model`] where the program was built with a broken model.
pub fn default_classifier() -> Result<Classifier> {
    let files: ModelFiles<&[u8]> = ModelFiles {
        config: include_bytes!("../models/default/config.json"),
        tokenizer: include_bytes!("../models/default/tokenizer.json"),
        weights: include_bytes!("../models/default/model.safetensors"),
        embeddings_tokenizer: None,
        card: &[],
    };
    files.classifier_of_one_model()
}

#[cfg(test)]
mod tests {
    use crate::model_dir::load;
    use std::path::Path;

    #[test]
    fn the_embedded_files_belong_together() {
        // Digests are checked of a folder only.
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default");
        let labels = load(&dir).map(|classifier| classifier.labels).unwrap();
        assert_eq!(labels, super::default_classifier().unwrap().labels);
    }
}
