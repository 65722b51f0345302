//! Splits rows into folds that keep groups whole and labels in proportion.

use crate::normalize::normalize;
use std::collections::BTreeMap;

/// With fewer groups than this, folds are made of rows.
pub const MIN_GROUPS: usize = 20;

/// Folds of some rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    /// The fold of each row, below `n_folds`.
    pub of_row: Vec<usize>,
    /// The number of folds.
    pub n_folds: usize,
    /// The number of groups among the rows, rows without a group counting as one each.
    pub n_groups: usize,
    /// Whether groups are whole; where they are too few, rows with the same text are.
    pub groups_whole: bool,
}

impl Folds {
    /// The same folds of the rows at `kept` only.
    pub fn select(&self, kept: &[usize]) -> Folds {
        Folds {
            of_row: kept.iter().map(|&row| self.of_row[row]).collect(),
            ..self.clone()
        }
    }
}

/// Makes `n_folds` folds of rows with `keys` (their groups; `None`: alone), `texts` and `targets` below `n_labels`.
///
/// Groups are dealt out the largest first, in an order that `seed` decides among equals, each to the fold whose labels
/// it leaves in best proportion (Wasikowski's stratified group k-fold, as scikit-learn has it).
pub fn make_folds(
    keys: &[Option<&str>],
    texts: &[&str],
    targets: &[u32],
    n_labels: usize,
    n_folds: usize,
    seed: u64,
) -> Folds {
    let by_key = groups(keys.iter().map(|k| k.map(str::to_string)));
    let groups_whole = by_key.len() >= MIN_GROUPS.max(n_folds);
    let n_groups = by_key.len();
    let members = if groups_whole {
        by_key
    } else {
        groups(texts.iter().map(|t| Some(normalize(t))))
    };
    let n_folds = n_folds.min(members.len()).max(2);
    let mut of_row = vec![0; keys.len()];
    for (fold, rows) in deal(members, targets, n_labels, n_folds, seed) {
        for row in rows {
            of_row[row] = fold;
        }
    }
    Folds {
        of_row,
        n_folds,
        n_groups,
        groups_whole,
    }
}

/// The fold, below `n_folds`, of rows with these `keys` and `targets`, as [`make_folds`] but with whole groups however few
/// they are; `None` where there are fewer groups than folds.
pub fn whole_group_folds(
    keys: &[Option<&str>],
    targets: &[u32],
    n_labels: usize,
    n_folds: usize,
    seed: u64,
) -> Option<Vec<usize>> {
    let members = groups(keys.iter().map(|k| k.map(str::to_string)));
    if members.len() < n_folds {
        return None;
    }
    let mut dealt = deal(members, targets, n_labels, n_folds, seed);
    // Groups of one label each can all be in best proportion in the first fold.
    if (0..n_folds).any(|fold| dealt.iter().all(|(f, _)| *f != fold)) {
        let mut sizes = vec![0; n_folds];
        for (fold, rows) in &mut dealt {
            *fold = (0..n_folds).min_by_key(|&f| sizes[f]).unwrap_or(0);
            sizes[*fold] += rows.len();
        }
    }
    let mut of_row = vec![0; keys.len()];
    for (fold, rows) in dealt {
        for row in rows {
            of_row[row] = fold;
        }
    }
    Some(of_row)
}

/// The rows of each group, in order of first occurrence.
fn groups(keys: impl Iterator<Item = Option<String>>) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (row, key) in keys.enumerate() {
        match key {
            Some(key) => match places.get(&key) {
                Some(&at) => groups[at].push(row),
                None => {
                    places.insert(key, groups.len());
                    groups.push(vec![row]);
                }
            },
            None => groups.push(vec![row]),
        }
    }
    groups
}

fn deal(
    mut groups: Vec<Vec<usize>>,
    targets: &[u32],
    n_labels: usize,
    n_folds: usize,
    seed: u64,
) -> Vec<(usize, Vec<usize>)> {
    let mut totals = vec![0f64; n_labels];
    for &t in targets {
        totals[t as usize] += 1.0;
    }
    fastrand::Rng::with_seed(seed).shuffle(&mut groups);
    groups.sort_by_key(|g| std::cmp::Reverse(g.len()));
    let mut counts = vec![vec![0f64; n_labels]; n_folds];
    let mut dealt = Vec::with_capacity(groups.len());
    for group in groups {
        let mut here = vec![0f64; n_labels];
        for &row in &group {
            here[targets[row] as usize] += 1.0;
        }
        // What taking the group would add to the sum of squared label shares of a fold.
        let cost = |fold: &Vec<f64>| -> f64 {
            (0..n_labels)
                .filter(|&l| totals[l] > 0.0)
                .map(|l| ((fold[l] + here[l]).powi(2) - fold[l].powi(2)) / totals[l].powi(2))
                .sum()
        };
        let mut best = 0;
        for fold in 1..n_folds {
            if cost(&counts[fold]) < cost(&counts[best]) - 1e-15 {
                best = fold;
            }
        }
        for l in 0..n_labels {
            counts[best][l] += here[l];
        }
        dealt.push((best, group));
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_whole_and_labels_in_proportion() {
        let keys: Vec<String> = (0..200).map(|i| format!("g{}", i / 4)).collect();
        let keys: Vec<Option<&str>> = keys.iter().map(|k| Some(k.as_str())).collect();
        let targets: Vec<u32> = (0..200).map(|i| u32::from(i % 4 == 0)).collect();
        let folds = make_folds(&keys, &[""; 200], &targets, 2, 5, 1);
        assert!(folds.groups_whole);
        assert_eq!((folds.n_folds, folds.n_groups), (5, 50));
        for fold in 0..5 {
            let rows: Vec<usize> = (0..200).filter(|&r| folds.of_row[r] == fold).collect();
            assert_eq!(rows.len(), 40);
            assert_eq!(rows.iter().filter(|&&r| targets[r] == 1).count(), 10);
            assert!(rows.iter().all(|&r| folds.of_row[r / 4 * 4] == fold));
        }
    }

    #[test]
    fn whole_groups_stay_whole_however_few() {
        let keys = [Some("a"), Some("b"), Some("a"), Some("c"), Some("b")];
        let folds = whole_group_folds(&keys, &[0; 5], 1, 3, 1).unwrap();
        assert_eq!((folds[0], folds[1]), (folds[2], folds[4]));
        let used: std::collections::BTreeSet<usize> = folds.into_iter().collect();
        assert_eq!(used.len(), 3);
        assert_eq!(whole_group_folds(&keys, &[0; 5], 1, 4, 1), None);
        let mut one_label_each = whole_group_folds(&keys[1..4], &[0, 1, 2], 3, 3, 1).unwrap();
        one_label_each.sort_unstable();
        assert_eq!(one_label_each, [0, 1, 2]);
    }

    #[test]
    fn few_groups_give_folds_of_rows_with_the_same_text_together() {
        let texts: Vec<String> = (0..100).map(|i| format!("t{}", i % 50)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let folds = make_folds(&[Some("g"); 100], &texts, &[0; 100], 1, 5, 1);
        assert!(!folds.groups_whole);
        assert!((0..50).all(|r| folds.of_row[r] == folds.of_row[r + 50]));
        assert_eq!(
            folds,
            make_folds(&[Some("g"); 100], &texts, &[0; 100], 1, 5, 1)
        );
    }
}
