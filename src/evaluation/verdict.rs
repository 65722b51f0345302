//! The report in words.

use super::Report;

/// One or two sentences that say how good the predictions are, where they are good, and where not.
pub fn verdict(report: &Report) -> String {
    let Some(accuracy) = report.accuracy else {
        return "There is nothing to judge.".into();
    };
    let between = report
        .intervals
        .accuracy
        .map_or(String::new(), |(low, high)| {
            format!(
                " (95 % interval {:.0} to {:.0} %)",
                low * 100.0,
                high * 100.0
            )
        });
    let majority = report.baselines.majority.as_ref();
    let mut text = format!(
        "{:.0} % of the labels are right{between}, where always answering “{}” would get {:.0} %.",
        accuracy * 100.0,
        majority.and_then(|m| m.label.as_deref()).unwrap_or("–"),
        majority.and_then(|m| m.accuracy).unwrap_or(0.0) * 100.0
    );
    let mut by_f1: Vec<(f64, &String)> = report
        .per_label
        .iter()
        .filter(|(_, scores)| scores.support > 0)
        .filter_map(|(label, scores)| Some((scores.f1?, label)))
        .collect();
    by_f1.sort_by(|a, b| b.0.total_cmp(&a.0));
    if let [best, .., worst] = &by_f1[..]
        && best.0 > worst.0
    {
        text += &format!(
            " It is best at “{}” (F1 {:.2}) and worst at “{}” ({:.2}).",
            best.1, best.0, worst.1, worst.0
        );
    }
    if let Some(pair) = report.confusions.first() {
        text += &format!(
            " Its most frequent mistake: {:.0} % of the “{}” comments are called “{}”.",
            pair.share_of_gold * 100.0,
            pair.gold,
            pair.predicted
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::{Predictions, ReportSettings};
    use crate::record::Comment;

    fn report(gold: &[&str], predicted: &[&str]) -> Report {
        let comments: Vec<Comment> = gold
            .iter()
            .map(|g| Comment::new("x").labelled(*g))
            .collect();
        let predictions = Predictions {
            predicted: predicted.iter().map(|p| p.to_string()).collect(),
            ..Predictions::default()
        };
        let settings = ReportSettings {
            groups: vec![Some("g".into()); gold.len()],
            ..ReportSettings::default()
        };
        Report::new(&comments, &predictions, None, &settings)
    }

    #[test]
    fn the_verdict_names_the_share_the_best_the_worst_and_the_usual_mistake() {
        assert_eq!(
            verdict(&report(&["a", "a", "b", "b"], &["a", "a", "b", "a"])),
            "75 % of the labels are right (95 % interval 75 to 75 %), where always answering “a” would get 50 %. It is best at “a” \
             (F1 0.80) and worst at “b” (0.67). Its most frequent mistake: 50 % of the “b” comments are called “a”."
        );
        assert_eq!(
            verdict(&report(&["a"], &["a"])),
            "100 % of the labels are right (95 % interval 100 to 100 %), where always answering “a” would get 100 %."
        );
        assert_eq!(verdict(&report(&[], &[])), "There is nothing to judge.");
    }
}
