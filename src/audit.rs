//! What is in labelled data and what is wrong with it: counts, duplicates, contradictions, leaks between files, likely wrong
//! labels, agreement of annotators.
//!
//! [`audit`] looks at all rows at once and returns an [`Audit`], whose lists are whole; [`crate::output`] shows them.

mod agreement;
mod conflicts;
mod duplicates;
mod label_errors;

pub use agreement::{Agreement, AgreementReport};
pub use duplicates::THRESHOLD;
pub use label_errors::Confused;

use crate::error::{Error, Result};
use crate::explain::explain;
use crate::output::rounded;
use crate::record::Comment;
use crate::train::{TrainSettings, train};
use conflicts::{article_key, conflicts, straddlers};
use duplicates::{Cluster, compared, duplicates};
use label_errors::label_errors;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A comment and where it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// The number of its file.
    pub file: usize,
    /// The line where it starts, from 1.
    pub line: u64,
    /// The comment.
    pub comment: Comment,
}

/// Where a row stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Place {
    /// The file's name.
    pub file: String,
    /// The line where the row starts, from 1.
    pub line: u64,
    /// The row's id as a string.
    pub id: String,
    /// Its label.
    pub label: Option<String>,
    /// The article that it stands under: its id, else the headline, else the group.
    pub article: Option<String>,
}

/// What one file holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FileCounts {
    /// The file's name.
    pub file: String,
    /// Its rows.
    pub n: usize,
    /// Rows without a label.
    pub unlabelled: usize,
    /// Groups, rows without one counting as one each.
    pub groups: usize,
    /// Rows of each label.
    pub labels: BTreeMap<String, usize>,
}

/// Rows of one label and language.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelCount {
    /// The label; `None` where rows have none.
    pub label: Option<String>,
    /// The language; `None` where rows name none.
    pub lang: Option<String>,
    /// How many.
    pub n: usize,
}

/// Rows whose texts are the same or nearly.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DuplicateCluster {
    /// The lowest Jaccard similarity that joined a text; 1 where all are the same.
    pub similarity: f64,
    /// Whether the rows stand in more than one file.
    pub across_files: bool,
    /// The first row's text.
    pub text: String,
    /// The rows.
    pub rows: Vec<Place>,
}

/// Rows with the same text and different labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelConflict {
    /// Whether two of them stand under one article and reply to the same; elsewhere the article may decide.
    pub same_article: bool,
    /// The text.
    pub text: String,
    /// The rows.
    pub rows: Vec<Place>,
}

/// A group or article in more than one file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Straddling {
    /// `group` or `article`.
    pub kind: &'static str,
    /// Its name.
    pub key: String,
    /// Its rows in each file.
    pub rows: BTreeMap<String, usize>,
}

/// A reason for a label: a piece of the text, or the name of a feature.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// `text` or the name of a feature.
    pub source: String,
    /// The piece of the text.
    pub text: Option<String>,
    /// What it adds to the likely label's score more than to the given label's.
    pub contribution: f64,
}

/// A row whose label is likely wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SuspectRow {
    /// Where it stands, with the label that it has.
    pub place: Place,
    /// The label that it likely is.
    pub likely: String,
    /// The probability of that label, out of fold.
    pub likely_probability: f64,
    /// The probability of the label that it has, out of fold.
    pub given_probability: f64,
    /// Its text.
    pub text: String,
    /// Up to three parts of the text or facts about it that speak most for the likely label.
    pub reasons: Vec<Reason>,
}

/// Likely wrong labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LabelErrorReport {
    /// The estimated share of wrong labels.
    pub noise: Option<f64>,
    /// The probability from which on a row counts as confidently of a label; `None` without rows of it.
    pub thresholds: BTreeMap<String, Option<f64>>,
    /// Pairs of labels that are mistaken for each other, the most frequent first.
    pub confused: Vec<Confused>,
    /// The rows, the surest first.
    pub suspects: Vec<SuspectRow>,
}

/// What [`audit`] found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Audit {
    /// All rows.
    pub n: usize,
    /// Each file.
    pub files: Vec<FileCounts>,
    /// Rows by label and language.
    pub counts: Vec<LabelCount>,
    /// The Jaccard similarity from which on texts are near duplicates.
    pub near_threshold: f64,
    /// Rows with the same text.
    pub exact_duplicates: Vec<DuplicateCluster>,
    /// Rows with nearly the same text.
    pub near_duplicates: Vec<DuplicateCluster>,
    /// Rows with the same text and different labels.
    pub conflicts: Vec<LabelConflict>,
    /// Groups and articles in more than one file.
    pub straddling: Vec<Straddling>,
    /// Likely wrong labels; `None` where they were not looked for.
    pub label_errors: Option<LabelErrorReport>,
    /// Agreement of `label` and `second_label`; `None` where no row has both.
    pub agreement: Option<AgreementReport>,
    /// What the reader should know.
    pub notes: Vec<String>,
}

/// Audits `rows` of `files`. With `training`, a model is trained with these settings, to find likely wrong labels.
///
/// # Errors
/// [`Error::Data`] where there are no rows.
pub fn audit(
    rows: &[Located],
    files: &[String],
    training: Option<&TrainSettings>,
) -> Result<Audit> {
    if rows.is_empty() {
        return Err(Error::Data("no rows to audit; expected comments".into()));
    }
    let comments: Vec<&Comment> = rows.iter().map(|r| &r.comment).collect();
    let place = |row: usize| place(&rows[row], files);
    let texts: Vec<String> = comments.par_iter().map(|c| compared(&c.text)).collect();
    let found = duplicates(&texts);
    let cluster = |c: &Cluster| {
        let first = rows[c.rows[0]].file;
        DuplicateCluster {
            similarity: rounded(c.similarity),
            across_files: c.rows.iter().any(|&r| rows[r].file != first),
            text: comments[c.rows[0]].text.clone(),
            rows: c.rows.iter().map(|&r| place(r)).collect(),
        }
    };
    let same: Vec<Vec<usize>> = found.exact.iter().map(|c| c.rows.clone()).collect();
    let mut conflicting: Vec<LabelConflict> = conflicts(&comments, &same)
        .into_iter()
        .map(|c| LabelConflict {
            same_article: c.same_article,
            text: comments[c.rows[0]].text.clone(),
            rows: c.rows.iter().map(|&r| place(r)).collect(),
        })
        .collect();
    // Those that must be wrong first.
    conflicting.sort_by_key(|c| !c.same_article);
    let file_of: Vec<usize> = rows.iter().map(|r| r.file).collect();
    let mut notes = Vec::new();
    let label_errors = match training {
        Some(settings) => find_label_errors(rows, files, settings, &mut notes),
        None => None,
    };
    Ok(Audit {
        n: rows.len(),
        files: count_files(rows, files),
        counts: count_labels(&comments),
        near_threshold: THRESHOLD,
        exact_duplicates: found.exact.iter().map(cluster).collect(),
        near_duplicates: found.near.iter().map(cluster).collect(),
        conflicts: conflicting,
        straddling: straddlers(&comments, &file_of)
            .into_iter()
            .map(|s| Straddling {
                kind: s.kind,
                key: s.key,
                rows: s
                    .rows
                    .into_iter()
                    .map(|(f, n)| (files[f].clone(), n))
                    .collect(),
            })
            .collect(),
        label_errors,
        agreement: agreement::agreement(comments.iter().copied()),
        notes,
    })
}

fn place(row: &Located, files: &[String]) -> Place {
    Place {
        file: files[row.file].clone(),
        line: row.line,
        id: row.comment.id_string(),
        label: row.comment.label.clone(),
        article: article_key(&row.comment).map(str::to_string),
    }
}

fn count_files(rows: &[Located], files: &[String]) -> Vec<FileCounts> {
    let mut counts: Vec<FileCounts> = files
        .iter()
        .map(|file| FileCounts {
            file: file.clone(),
            n: 0,
            unlabelled: 0,
            groups: 0,
            labels: BTreeMap::new(),
        })
        .collect();
    let mut groups: Vec<BTreeSet<&str>> = vec![BTreeSet::new(); files.len()];
    for row in rows {
        let file = &mut counts[row.file];
        file.n += 1;
        match &row.comment.label {
            Some(label) => *file.labels.entry(label.clone()).or_default() += 1,
            None => file.unlabelled += 1,
        }
        match row.comment.group_key() {
            Some(key) => file.groups += usize::from(groups[row.file].insert(key)),
            None => file.groups += 1,
        }
    }
    counts
}

fn count_labels(comments: &[&Comment]) -> Vec<LabelCount> {
    let mut counts: BTreeMap<(bool, Option<&str>, Option<&str>), usize> = BTreeMap::new();
    for c in comments {
        // Rows without a label last.
        let key = (c.label.is_none(), c.label.as_deref(), c.lang.as_deref());
        *counts.entry(key).or_default() += 1;
    }
    counts
        .into_iter()
        .map(|((_, label, lang), n)| LabelCount {
            label: label.map(str::to_string),
            lang: lang.map(str::to_string),
            n,
        })
        .collect()
}

/// Trains on the labelled rows and lists those whose label is likely wrong; `None`, with a note, where that cannot be done.
fn find_label_errors(
    rows: &[Located],
    files: &[String],
    settings: &TrainSettings,
    notes: &mut Vec<String>,
) -> Option<LabelErrorReport> {
    let labelled: Vec<&Located> = rows.iter().filter(|r| r.comment.label.is_some()).collect();
    let comments: Vec<Comment> = labelled.iter().map(|r| r.comment.clone()).collect();
    // Every row is judged, however many there are.
    let settings = TrainSettings {
        sample_above: usize::MAX,
        ..settings.clone()
    };
    let trained = match train(&comments, &[], &settings) {
        Ok(trained) => trained,
        Err(error) => {
            notes.push(format!("likely wrong labels were not looked for: {error}"));
            return None;
        }
    };
    notes.extend(trained.notes);
    let classifier = &trained.classifier;
    let labels = &classifier.labels;
    let given: Vec<usize> = comments
        .iter()
        .filter_map(|c| labels.binary_search(c.label.as_ref()?).ok())
        .collect();
    let found = label_errors(&trained.out_of_fold, labels.len(), &given);
    let mut confused: Vec<Confused> = Vec::new();
    for (i, counts) in found.joint.iter().enumerate() {
        for (j, &n) in counts.iter().enumerate() {
            if i != j && n > 0 {
                confused.push(Confused {
                    given: labels[i].clone(),
                    likely: labels[j].clone(),
                    n,
                });
            }
        }
    }
    confused.sort_by_key(|c| std::cmp::Reverse(c.n));
    let suspects = found
        .suspects
        .par_iter()
        .map(|s| {
            let comment = &comments[s.row];
            let features = classifier.session().extract(comment);
            let mut reasons: Vec<Reason> = explain(classifier, &comment.text, &features)
                .into_iter()
                .filter(|part| part.source != "intercept")
                .map(|part| {
                    let values = &part.contributions.values;
                    Reason {
                        contribution: rounded(values[s.likely] - values[given[s.row]]),
                        source: part.source,
                        text: part.text,
                    }
                })
                .filter(|reason| reason.contribution > 0.0)
                .collect();
            reasons.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
            reasons.truncate(3);
            SuspectRow {
                place: place(labelled[s.row], files),
                likely: labels[s.likely].clone(),
                likely_probability: rounded(s.likely_probability),
                given_probability: rounded(s.given_probability),
                text: comment.text.clone(),
                reasons,
            }
        })
        .collect();
    Some(LabelErrorReport {
        noise: found.noise.map(rounded),
        thresholds: labels
            .iter()
            .cloned()
            .zip(found.thresholds.iter().map(|t| t.map(rounded)))
            .collect(),
        confused,
        suspects,
    })
}
