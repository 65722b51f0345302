//! How far two annotators agree, where rows carry a `second_label`.

use crate::record::Comment;
use serde::Serialize;
use std::collections::BTreeMap;

/// Agreement of two labels on the same rows. Figures that are undefined are `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// The number of rows with both labels.
    pub n: usize,
    /// The share of rows on which they are the same, from 0 to 1.
    pub share: Option<f64>,
    /// Cohen's kappa (1960), at most 1; `None` where both always say the same one label.
    pub kappa: Option<f64>,
    /// Krippendorff's alpha for nominal data (Krippendorff 2011), at most 1; `None` where only one label was used.
    pub alpha: Option<f64>,
}

/// [`Agreement`] over all labels, and of each label against the rest.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgreementReport {
    /// Over all labels.
    pub overall: Agreement,
    /// Each label against all others together.
    pub per_label: BTreeMap<String, Agreement>,
}

/// Compares `label` with `second_label`; `None` where no comment has both.
pub fn agreement<'a>(comments: impl IntoIterator<Item = &'a Comment>) -> Option<AgreementReport> {
    let pairs: Vec<(&str, &str)> = comments
        .into_iter()
        .filter_map(|c| Some((c.label.as_deref()?, c.second_label.as_deref()?)))
        .collect();
    if pairs.is_empty() {
        return None;
    }
    let mut labels: Vec<&str> = pairs.iter().flat_map(|p| [p.0, p.1]).collect();
    labels.sort_unstable();
    labels.dedup();
    let per_label = labels.into_iter().map(|label| {
        let against: Vec<(bool, bool)> =
            pairs.iter().map(|p| (p.0 == label, p.1 == label)).collect();
        (label.to_string(), agreement_of(&against))
    });
    Some(AgreementReport {
        per_label: per_label.collect(),
        overall: agreement_of(&pairs),
    })
}

/// With n pairs, a the share that is equal and p₁, p₂ the shares of a label with each annotator, kappa is
/// (a − Σ p₁ p₂) / (1 − Σ p₁ p₂). With c the number of a label's uses among all 2 n values, alpha is
/// 1 − (2 n − 1) · 2 n (1 − a) / Σ c (2 n − c).
fn agreement_of<T: Ord + Copy>(pairs: &[(T, T)]) -> Agreement {
    let n = pairs.len() as f64;
    let mut uses: BTreeMap<T, (f64, f64)> = BTreeMap::new();
    for &(first, second) in pairs {
        uses.entry(first).or_default().0 += 1.0;
        uses.entry(second).or_default().1 += 1.0;
    }
    let equal = pairs.iter().filter(|p| p.0 == p.1).count() as f64;
    let by_chance: f64 = uses.values().map(|(a, b)| a * b).sum::<f64>() / (n * n);
    let unlike: f64 = uses
        .values()
        .map(|(a, b)| (a + b) * (2.0 * n - a - b))
        .sum();
    let defined = |ok: bool, value: f64| ok.then_some(value);
    Agreement {
        n: pairs.len(),
        share: defined(n > 0.0, equal / n),
        kappa: defined(by_chance < 1.0, (equal / n - by_chance) / (1.0 - by_chance)),
        alpha: defined(
            unlike > 0.0,
            1.0 - (2.0 * n - 1.0) * 2.0 * (n - equal) / unlike,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(first: &str, second: &str) -> Vec<(char, char)> {
        first.chars().zip(second.chars()).collect()
    }

    /// Examples A and B of Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): 0.095 and 0.692. As fractions,
    /// A is 1 − 19 · 8 / (2 · 14 · 6) = 2/21; B is 1 − 23 · 6 / 448 = 155/224.
    #[test]
    fn alpha_is_that_of_krippendorffs_examples() {
        let a = agreement_of(&pairs("0100000010", "1110010000"));
        assert!((a.alpha.unwrap() - 2.0 / 21.0).abs() < 1e-12, "{a:?}");
        let b = agreement_of(&pairs("aabbdcccedda", "babbbccceddd"));
        assert!((b.alpha.unwrap() - 155.0 / 224.0).abs() < 1e-12, "{b:?}");
        assert_eq!(b.share, Some(0.75));
    }

    /// 20 times both yes, 15 both no, 5 and 10 apart: (0.7 − 0.5) / (1 − 0.5), since 0.5 · 0.6 + 0.5 · 0.4 = 0.5.
    #[test]
    fn kappa_is_what_is_above_chance() {
        let mut rows = vec![(true, true); 20];
        rows.extend([(true, false); 5]);
        rows.extend([(false, true); 10]);
        rows.extend([(false, false); 15]);
        let found = agreement_of(&rows);
        assert!((found.kappa.unwrap() - 0.4).abs() < 1e-12, "{found:?}");
        assert_eq!((found.n, found.share), (50, Some(0.7)));
    }

    #[test]
    fn one_label_only_leaves_chance_undefined() {
        let found = agreement_of(&pairs("aaa", "aaa"));
        assert_eq!(
            (found.share, found.kappa, found.alpha),
            (Some(1.0), None, None)
        );
    }

    #[test]
    fn a_label_is_compared_with_the_rest() {
        let comment = |label: &str, second: Option<&str>| Comment {
            second_label: second.map(str::to_string),
            ..Comment::new("x").labelled(label)
        };
        let rows = [
            comment("a", Some("a")),
            comment("a", Some("b")),
            comment("b", Some("b")),
            comment("c", Some("c")),
            comment("c", None),
        ];
        let report = agreement(&rows).unwrap();
        assert_eq!(report.overall.n, 4);
        assert_eq!(report.per_label["c"].kappa, Some(1.0));
        // a against the rest: 3 of 4 equal; by chance 2/4 · 1/4 + 2/4 · 3/4 = 1/2.
        assert_eq!(report.per_label["a"].kappa, Some(0.5));
        assert_eq!(agreement(&rows[4..]), None);
    }
}
