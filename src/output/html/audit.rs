//! An audit as one HTML file, on the same page as the evaluation report.

use super::super::audit::{Section, sections};
use super::{CSS, grouped, policy};
use crate::audit::Audit;
use askama::Template;

/// Findings of each list that the page shows.
const TOP: usize = 200;

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    policy: String,
    css: &'static str,
    n: String,
    version: &'static str,
    sections: Vec<Section>,
}

/// The audit as an HTML page, with at most 200 findings in each list.
pub fn audit_html(audit: &Audit) -> String {
    let page = Page {
        policy: policy(),
        css: CSS,
        n: grouped(audit.n as u64),
        version: env!("CARGO_PKG_VERSION"),
        sections: sections(audit, TOP),
    };
    page.render()
        .expect("writing a page into memory does not fail")
}
