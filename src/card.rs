//! The model card: what a model is, what it was trained on and how well it does, for people.

use crate::classifier::Classifier;
use std::fmt::Write;

/// The card of `classifier`, in Markdown.
pub fn model_card(classifier: &Classifier) -> String {
    let p = &classifier.provenance;
    let mut card = String::new();
    let n: u64 = p.rows.iter().sum();
    // Writing to a string cannot fail.
    let _ = write!(
        card,
        "# A stance model\n\n\
         Tells how a comment stands toward the claim that it is about. Two logistic regressions: one over word and character \
         n-grams, one over its scores, the comment's surface and its relation to headline, article and parent.\n\n\
         Trained by stance {} with seed {} on {n} rows (SHA-256 of the rows as read: `{}`).\n\n\
         | label | training rows | decision offset |\n| --- | ---: | ---: |\n",
        p.version, p.seed, p.train_digest
    );
    for ((label, rows), offset) in classifier
        .labels
        .iter()
        .zip(&p.rows)
        .zip(&classifier.offsets)
    {
        let _ = writeln!(
            card,
            "| {} | {rows} | {offset:+.3} |",
            label.replace('|', "\\|")
        );
    }
    let _ = write!(
        card,
        "\n{} n-grams, {} dense columns, {} words of vocabulary. {}Folds: {}. Tuned for {}; class weights: {}. Penalties: \
         text {}, stance {} (fitted by {}).\n\n\
         ## Scores on the rows that chose the settings ({})\n\n\
         | macro-F1 | accuracy | log-loss | calibration error |\n| ---: | ---: | ---: | ---: |\n\
         | {:.3} | {:.3} | {:.3} | {:.3} |\n\n\
         These rows chose penalties, so the figures flatter a little; `stance-evaluate` on held-out data does not.\n\n\
         {}\
         ## Use\n\n\
         For sorting comments before a person looks, and for shares over many comments. Not for judging, profiling or \
         ranking the authors of comments. A model knows only threads like those it was trained on.\n",
        classifier.text.weights.len() / classifier.labels.len(),
        classifier.stance.encoder.columns().len(),
        classifier.extractor.tokenizer.vocab_size(),
        embeddings(classifier),
        p.folds,
        p.optimize,
        p.class_weight,
        p.text_alpha,
        p.stance_alpha,
        p.stance_solver,
        p.scored_on,
        p.macro_f1,
        p.accuracy,
        p.log_loss,
        p.calibration_error,
        promise(classifier),
    );
    card
}

/// Which embeddings the model holds.
fn embeddings(classifier: &Classifier) -> String {
    classifier
        .extractor
        .embeddings
        .as_ref()
        .map_or(String::new(), |e| {
            format!(
                "Static embeddings of {} dimensions, from a model2vec model whose `model.safetensors` has the SHA-256 `{}`. ",
                e.table.n_dimensions, e.digest
            )
        })
}

/// What `--target-error` can promise.
fn promise(classifier: &Classifier) -> String {
    let Some(selection) = &classifier.selection else {
        return "Trained on too few groups to offer `--target-error` and `--prevalence`.\n\n"
            .into();
    };
    let lowest = selection.thresholds.iter().position(Option::is_some);
    format!(
        "Calibrated on {} comments of {} groups, out of fold. The lowest error rate that `--target-error` can promise: {}.\n\n",
        selection.comments,
        selection.groups,
        lowest.map_or("none".into(), |at| format!(
            "{:.2}",
            (at + 1) as f64 / 100.0
        ))
    )
}
