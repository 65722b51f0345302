//! Which pieces of a wrongly labelled comment spoke for the predicted label, and which for the gold one.

use super::ListedError;
use crate::explain::Part;

/// A piece of a comment; together, in order, they are the whole comment.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// How much it speaks for the predicted label rather than the gold one: a difference of scores.
    pub leaning: f64,
}

/// The pieces of the comment of `error`: one where nothing explains it. What a longer part of the text adds is shared
/// out over its pieces by their characters, without white space.
pub fn highlight(error: &ListedError) -> Vec<Piece> {
    let spans: Vec<(usize, usize, f64)> = error
        .explanation
        .iter()
        .flatten()
        .filter(|part| part.source == "text")
        .filter_map(|part| Some((part.start?, part.end?, error.leaning(part))))
        .collect();
    let text = error.text.as_str();
    let mut edges: Vec<usize> = spans.iter().flat_map(|s| [s.0, s.1]).collect();
    edges.extend([0, text.len()]);
    edges.sort_unstable();
    edges.dedup();
    let sizes: Vec<usize> = edges
        .windows(2)
        .map(|e| {
            text[e[0]..e[1]]
                .chars()
                .filter(|c| !c.is_whitespace())
                .count()
        })
        .collect();
    let mut leanings = vec![0.0; sizes.len()];
    for (start, end, leaning) in spans {
        let first = edges.partition_point(|&e| e < start);
        let last = edges.partition_point(|&e| e < end);
        let total: usize = sizes[first..last].iter().sum();
        for piece in first..last {
            leanings[piece] += leaning * sizes[piece] as f64 / total.max(1) as f64;
        }
    }
    edges
        .windows(2)
        .zip(leanings)
        .map(|(e, leaning)| Piece {
            text: text[e[0]..e[1]].to_string(),
            leaning,
        })
        .collect()
}

/// The facts about the comment, not pieces of its text, that spoke for the predicted label or against it, the strongest
/// first.
pub fn facts(error: &ListedError) -> Vec<(&str, f64)> {
    let is_fact = |part: &&Part| part.start.is_none() && part.source != "intercept";
    let mut facts: Vec<(&str, f64)> = error
        .explanation
        .iter()
        .flatten()
        .filter(is_fact)
        .map(|part| (part.source.as_str(), error.leaning(part)))
        .collect();
    facts.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::default_classifier;
    use crate::evaluation::{list_errors, predict};
    use crate::record::Comment;

    #[test]
    fn pieces_are_the_comment_and_pieces_and_facts_add_up_to_the_difference_of_scores() {
        let classifier = default_classifier().unwrap();
        for text in ["Fake! Where is the proof? 😂 ﬁn", "", " \n", "стоп"] {
            let comment = Comment::new(text).under("Port taken").labelled("off-topic");
            let mut predictions = predict(&classifier, std::slice::from_ref(&comment));
            predictions.predicted = vec!["doubting".into()];
            let scores = classifier.classify(&comment).scores;
            let errors = list_errors(&[comment], &predictions, Some(&classifier), 1);
            let pieces = highlight(&errors[0]);
            let whole: String = pieces.iter().map(|p| p.text.as_str()).collect();
            assert_eq!(whole, text);
            let place = |label: &str| classifier.labels.iter().position(|l| l == label).unwrap();
            let intercept = errors[0].explanation.as_ref().unwrap().last().unwrap();
            let sum = pieces.iter().map(|p| p.leaning).sum::<f64>()
                + facts(&errors[0]).iter().map(|f| f.1).sum::<f64>()
                + errors[0].leaning(intercept);
            let difference = scores[place("doubting")] - scores[place("off-topic")];
            assert!(
                (sum - difference).abs() < 1e-4,
                "{text}: {sum} {difference}"
            );
        }
    }
}
