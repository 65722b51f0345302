//! An audit as JSON, Markdown or tables for people.

use super::table::{Grid, cut};
use super::{markdown, visible};
use crate::audit::{
    Agreement, Audit, DuplicateCluster, LabelConflict, LabelErrorReport, Place, SuspectRow,
};

/// One part of an audit: what it is about, a table, and findings.
pub(super) struct Section {
    pub(super) title: String,
    pub(super) grid: Option<Grid>,
    pub(super) findings: Vec<Finding>,
    /// How many findings there are beyond those listed.
    pub(super) more: usize,
}

/// A comment's text or what it is about, and lines about it; all of it is visible.
pub(super) struct Finding {
    pub(super) head: String,
    pub(super) details: Vec<String>,
}

/// The audit as one JSON object with a line end; its lists are whole.
pub fn audit_json(audit: &Audit) -> String {
    let mut json = serde_json::to_string(audit).unwrap_or_default();
    json.push('\n');
    json
}

/// The audit for a terminal, with at most `top` findings in each list.
pub fn audit_table(audit: &Audit, top: usize) -> String {
    let mut out = String::new();
    for section in sections(audit, top) {
        out += &format!("{}\n", section.title);
        if let Some(grid) = section.grid {
            out += &format!("\n{}", grid.to_text());
        }
        for finding in section.findings {
            out += &format!("\n  {}\n", short(&finding.head));
            for detail in finding.details {
                out += &format!("    {detail}\n");
            }
        }
        if section.more > 0 {
            out += &format!("\n  … and {} more\n", section.more);
        }
        out.push('\n');
    }
    out
}

/// The audit in Markdown, with at most `top` findings in each list.
pub fn audit_markdown(audit: &Audit, top: usize) -> String {
    let mut out = String::from("# Data audit\n\n");
    for section in sections(audit, top) {
        out += &format!("## {}\n\n", markdown(&section.title));
        if let Some(grid) = section.grid {
            out += &format!("{}\n", grid.to_markdown());
        }
        for finding in &section.findings {
            out += &format!("- {}\n", markdown(&short(&finding.head)));
            for detail in &finding.details {
                out += &format!("  - {}\n", markdown(detail));
            }
        }
        if section.more > 0 {
            out += &format!("- … and {} more\n", section.more);
        }
        if !section.findings.is_empty() {
            out.push('\n');
        }
    }
    out
}

fn percent(share: Option<f64>) -> String {
    share.map_or("–".into(), |s| format!("{:.1} %", s * 100.0))
}

fn figure(value: Option<f64>) -> String {
    value.map_or("–".into(), |v| format!("{v:.3}"))
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn short(text: &str) -> String {
    cut(&visible(text), 110)
}

fn where_it_is(place: &Place) -> String {
    format!("{}:{} (id {})", place.file, place.line, place.id)
}

/// The first `top` of `all` as findings, and how many more there are.
fn list<T>(all: &[T], top: usize, show: impl Fn(&T) -> Finding) -> (Vec<Finding>, usize) {
    let shown = all.iter().take(top).map(show).collect();
    (shown, all.len().saturating_sub(top))
}

/// The parts of the audit, with at most `top` findings in each list.
pub(super) fn sections(audit: &Audit, top: usize) -> Vec<Section> {
    let mut sections = vec![
        counts(audit),
        duplicates("Exact duplicates", &audit.exact_duplicates, top),
        duplicates(NEAR, &audit.near_duplicates, top),
        conflicts(&audit.conflicts, top),
    ];
    if audit.files.len() > 1 {
        sections.push(straddling(audit, top));
    }
    if let Some(report) = &audit.label_errors {
        sections.push(label_errors(report, top));
    }
    if let Some(report) = &audit.agreement {
        let mut grid = Grid::new(&["label and second_label", "rows", "equal", "kappa", "alpha"]);
        let mut row = |name: &str, a: &Agreement| {
            grid.row(vec![
                name.into(),
                a.n.to_string(),
                percent(a.share),
                figure(a.kappa),
                figure(a.alpha),
            ]);
        };
        row("all", &report.overall);
        for (label, agreement) in &report.per_label {
            row(&format!("{label} or not"), agreement);
        }
        sections.push(plain(
            "Agreement of two labels (Cohen's kappa, Krippendorff's alpha)",
            grid,
        ));
    }
    if !audit.notes.is_empty() {
        let (findings, more) = list(&audit.notes, usize::MAX, |note| Finding {
            head: note.clone(),
            details: Vec::new(),
        });
        sections.push(Section {
            title: "Notes".into(),
            grid: None,
            findings,
            more,
        });
    }
    for finding in sections.iter_mut().flat_map(|s| &mut s.findings) {
        finding.head = visible(&finding.head);
        for detail in &mut finding.details {
            *detail = visible(detail);
        }
    }
    sections
}

fn plain(title: &str, grid: Grid) -> Section {
    Section {
        title: title.into(),
        grid: Some(grid),
        findings: Vec::new(),
        more: 0,
    }
}

/// Rows by file, and by label and language.
fn counts(audit: &Audit) -> Section {
    let mut languages: Vec<Option<&str>> = audit.counts.iter().map(|c| c.lang.as_deref()).collect();
    languages.sort_by_key(|lang| (lang.is_none(), *lang));
    languages.dedup();
    let mut columns: Vec<String> = audit.files.iter().map(|f| f.file.clone()).collect();
    columns.extend(
        languages
            .iter()
            .map(|lang| format!("lang {}", lang.unwrap_or("not given"))),
    );
    let header: Vec<&str> = ["rows", "all"]
        .into_iter()
        .chain(columns.iter().map(String::as_str))
        .collect();
    let mut grid = Grid::new(&header);
    let mut labels: Vec<Option<&str>> = audit.counts.iter().map(|c| c.label.as_deref()).collect();
    labels.dedup();
    let n_of = |label: Option<Option<&str>>, lang: Option<Option<&str>>| -> usize {
        let found = audit.counts.iter().filter(|c| {
            label.is_none_or(|label| c.label.as_deref() == label)
                && lang.is_none_or(|lang| c.lang.as_deref() == lang)
        });
        found.map(|c| c.n).sum()
    };
    let mut total = vec!["all".to_string(), audit.n.to_string()];
    total.extend(audit.files.iter().map(|f| f.n.to_string()));
    total.extend(languages.iter().map(|l| n_of(None, Some(*l)).to_string()));
    grid.row(total);
    for label in labels {
        let mut row = vec![
            label.unwrap_or("no label").to_string(),
            n_of(Some(label), None).to_string(),
        ];
        row.extend(audit.files.iter().map(|f| {
            let n = match label {
                Some(label) => f.labels.get(label).copied().unwrap_or(0),
                None => f.unlabelled,
            };
            n.to_string()
        }));
        row.extend(
            languages
                .iter()
                .map(|lang| n_of(Some(label), Some(*lang)).to_string()),
        );
        grid.row(row);
    }
    let mut groups = vec!["groups".to_string(), "–".to_string()];
    groups.extend(audit.files.iter().map(|f| f.groups.to_string()));
    groups.extend(languages.iter().map(|_| "–".to_string()));
    grid.row(groups);
    let files = count(audit.files.len(), "file", "files");
    plain(
        &format!("{} in {files}", count(audit.n, "row", "rows")),
        grid,
    )
}

const NEAR: &str = "Near duplicates";

fn duplicates(name: &str, clusters: &[DuplicateCluster], top: usize) -> Section {
    let rows: usize = clusters.iter().map(|c| c.rows.len()).sum();
    let across = clusters.iter().filter(|c| c.across_files).count();
    // Leaks between files first.
    let mut order: Vec<&DuplicateCluster> = clusters.iter().collect();
    order.sort_by_key(|c| !c.across_files);
    let (findings, more) = list(&order, top, |c| Finding {
        head: c.text.clone(),
        details: if name == NEAR {
            let mut lines = cluster_places(c);
            lines.push(format!("similarity from {:.2}", c.similarity));
            lines
        } else {
            cluster_places(c)
        },
    });
    Section {
        title: format!(
            "{name}: {} with {rows} rows, {across} of them across files",
            count(clusters.len(), "cluster", "clusters")
        ),
        grid: None,
        findings,
        more,
    }
}

/// Places of a cluster in one file are listed up to six.
fn cluster_places(cluster: &DuplicateCluster) -> Vec<String> {
    const SHOWN: usize = 6;
    let mut lines: Vec<String> = cluster.rows.iter().take(SHOWN).map(with_label).collect();
    if cluster.rows.len() > SHOWN {
        lines.push(format!("… and {} more rows", cluster.rows.len() - SHOWN));
    }
    lines
}

fn with_label(place: &Place) -> String {
    let label = place.label.as_deref().unwrap_or("no label");
    let article = place.article.as_deref().unwrap_or("no article");
    format!(
        "{}: {label}, under {}",
        where_it_is(place),
        cut(&visible(article), 60)
    )
}

fn conflicts(conflicts: &[LabelConflict], top: usize) -> Section {
    let same = conflicts.iter().filter(|c| c.same_article).count();
    let (findings, more) = list(conflicts, top, |c| Finding {
        head: format!(
            "{}: {}",
            if c.same_article {
                "same article"
            } else {
                "other articles"
            },
            c.text
        ),
        details: c.rows.iter().map(with_label).collect(),
    });
    Section {
        title: format!(
            "The same text with different labels: {same} under the same article, {} under others, where the article may decide",
            conflicts.len() - same
        ),
        grid: None,
        findings,
        more,
    }
}

fn straddling(audit: &Audit, top: usize) -> Section {
    let (findings, more) = list(&audit.straddling, top, |s| Finding {
        head: format!("{} {}", s.kind, s.key),
        details: s
            .rows
            .iter()
            .map(|(file, n)| format!("{file}: {}", count(*n, "row", "rows")))
            .collect(),
    });
    Section {
        title: format!(
            "Groups and articles in more than one file: {}",
            audit.straddling.len()
        ),
        grid: None,
        findings,
        more,
    }
}

fn label_errors(report: &LabelErrorReport, top: usize) -> Section {
    let mut grid = Grid::new(&["given → likely", "rows"]);
    for c in &report.confused {
        grid.row(vec![format!("{} → {}", c.given, c.likely), c.n.to_string()]);
    }
    let (findings, more) = list(&report.suspects, top, suspect);
    Section {
        title: format!(
            "Likely wrong labels: {}; estimated share of wrong labels {}, which counts the model's own mistakes too",
            count(report.suspects.len(), "row", "rows"),
            percent(report.noise)
        ),
        grid: (!report.confused.is_empty()).then_some(grid),
        findings,
        more,
    }
}

fn suspect(s: &SuspectRow) -> Finding {
    let reasons: Vec<String> = s
        .reasons
        .iter()
        .map(|r| {
            let name = match &r.text {
                Some(text) => format!("“{}”", cut(&visible(text), 40)),
                None => r.source.clone(),
            };
            format!("{name} {:+.2}", r.contribution)
        })
        .collect();
    let mut details = vec![format!(
        "{}: {}, likely {} ({:.2} against {:.2})",
        where_it_is(&s.place),
        s.place.label.as_deref().unwrap_or("no label"),
        s.likely,
        s.given_probability,
        s.likely_probability
    )];
    if !reasons.is_empty() {
        details.push(format!("for {}: {}", s.likely, reasons.join(", ")));
    }
    Finding {
        head: s.text.clone(),
        details,
    }
}
