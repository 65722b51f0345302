//! Context features: how a comment relates to the headline, the body and the comment that it replies to.

mod bag;
mod prepared;
mod query;

pub use prepared::{Idf, Prepared};
pub use query::Query;

use super::lexicon::{Cue, Cues};

/// The texts that a comment is compared with.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context<'a> {
    /// The claim.
    pub headline: Option<&'a Prepared>,
    /// The article's text.
    pub body: Option<&'a Prepared>,
    /// What the comment replies to.
    pub parent: Option<&'a Prepared>,
}

impl Context<'_> {
    /// Whether there is nothing to compare with.
    pub fn is_empty(&self) -> bool {
        self.headline.is_none() && self.body.is_none() && self.parent.is_none()
    }
}

/// The names of the similarities, in the order in which [`context_values`] gives them. The article is headline and body
/// together, and known where there is a body; how rare a stem is, its idf says. Against a headline alone, stems that it
/// lacks would count too much: much is said of a claim that its few words do not hold.
pub const VALUES: [&str; 25] = [
    "share of the comment in the headline",
    "share of the headline in the comment",
    "words shared with the headline",
    "stems shared with the headline",
    "4-grams shared with the headline",
    "word pairs shared with the headline",
    "share of the comment in the body",
    "words shared with the body",
    "stems shared with the body",
    "4-grams shared with the body",
    "word pairs shared with the body",
    "BM25 of the body",
    "best sentence of the body",
    "first sentence of the body",
    "place of the best sentence",
    "share of the comment in the parent",
    "stems shared with the parent",
    "4-grams shared with the parent",
    "share of the parent in the comment",
    "rarest stem shared with the article",
    "second rarest stem shared with the article",
    "rarest stem that the article lacks",
    "second rarest stem that the article lacks",
    "number of stems shared with the article",
    "number of stems that the article lacks",
];

/// The names of the context flags, in the order in which [`context_flags`] gives them.
pub const FLAGS: [&str; 40] = [
    "has a headline",
    "has a body",
    "is the headline",
    "direct reply",
    "nested reply",
    "headline asks",
    "headline quotes",
    "headline negates",
    "headline doubts",
    "headline refutes",
    "headline hedges",
    "headline reports",
    "headline mentions death",
    "headline mentions peace",
    "denies what the headline denies",
    "denies what the headline asserts",
    "asserts what the headline denies",
    "asserts what the headline asserts",
    "best sentence negates",
    "best sentence doubts",
    "best sentence refutes",
    "best sentence hedges",
    "best sentence reports",
    "comment and best sentence both deny",
    "only the comment denies",
    "only the best sentence denies",
    "lead negates",
    "lead doubts",
    "lead refutes",
    "lead hedges",
    "body doubts",
    "body refutes",
    "body refutes twice",
    "body hedges twice",
    "parent asks",
    "parent negates",
    "parent doubts",
    "parent agrees",
    "parent mentions peace",
    "parent laughs",
];

/// What [`context_features`] finds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContextFeatures {
    /// By [`VALUES`]; NaN where the text it compares with is absent.
    pub values: Vec<f32>,
    /// By [`FLAGS`].
    pub flags: Vec<bool>,
}

impl ContextFeatures {
    /// Those of a comment that stands alone.
    pub fn alone() -> Self {
        ContextFeatures {
            values: vec![f32::NAN; VALUES.len()],
            flags: vec![false; FLAGS.len()],
        }
    }
}

/// The context features of a comment. `mean_words` is the mean length of a body, in words.
pub fn context_features(query: &Query, context: Context, mean_words: f32) -> ContextFeatures {
    let best = context.body.and_then(|b| best_sentence(query, b));
    ContextFeatures {
        values: context_values(query, context, best, mean_words),
        flags: context_flags(query, context, best),
    }
}

/// The body's sentence that is most like the comment: its number and the cosine.
fn best_sentence(query: &Query, body: &Prepared) -> Option<(usize, f32)> {
    let mut best: Option<(usize, f32)> = None;
    for (i, sentence) in body.sentences.iter().enumerate() {
        let cosine = query.stems.cosine(&sentence.stems);
        if best.is_none_or(|(_, b)| cosine > b) {
            best = Some((i, cosine));
        }
    }
    best
}

fn context_values(
    query: &Query,
    context: Context,
    best: Option<(usize, f32)>,
    mean_words: f32,
) -> Vec<f32> {
    let mut values = Vec::with_capacity(VALUES.len());
    match context.headline {
        Some(h) => values.extend([
            query.overlap(h),
            query.cover(h),
            query.words.cosine(&h.words),
            query.stems.cosine(&h.stems),
            query.fourgrams.cosine(&h.fourgrams),
            query.pair_overlap(h),
        ]),
        None => values.extend([f32::NAN; 6]),
    }
    match context.body {
        Some(b) => {
            let n = b.sentences.len().max(1) as f32;
            values.extend([
                query.overlap(b),
                query.words.cosine(&b.words),
                query.stems.cosine(&b.stems),
                query.fourgrams.cosine(&b.fourgrams),
                query.pair_overlap(b),
                query.bm25(b, mean_words),
                best.map_or(0.0, |(_, cosine)| cosine),
                b.sentences
                    .first()
                    .map_or(0.0, |s| query.stems.cosine(&s.stems)),
                best.map_or(0.0, |(i, _)| i as f32 / n),
            ]);
        }
        None => values.extend([f32::NAN; 9]),
    }
    match context.parent {
        // A direct reply: its parent is the headline.
        Some(p) if context.headline.is_some_and(|h| std::ptr::eq(h, p)) => {
            values.extend([0, 3, 4, 1].map(|i| values[i]));
        }
        Some(p) => values.extend([
            query.overlap(p),
            query.stems.cosine(&p.stems),
            query.fourgrams.cosine(&p.fourgrams),
            query.cover(p),
        ]),
        None => values.extend([f32::NAN; 4]),
    }
    match context.body {
        Some(b) => {
            let s = query.specifics([Some(b), context.headline]);
            values.extend(s.shared);
            values.extend(s.lacking);
            values.extend([s.n_shared, s.n_lacking]);
        }
        None => values.extend([f32::NAN; 6]),
    }
    debug_assert_eq!(values.len(), VALUES.len());
    values
}

fn context_flags(query: &Query, context: Context, best: Option<(usize, f32)>) -> Vec<bool> {
    let cue = |text: Option<&Prepared>, cue| text.is_some_and(|t| t.cues.has(cue));
    let (headline, body, parent) = (context.headline, context.body, context.parent);
    let is_headline = headline.is_some_and(|h| h.keys == query.keys && !query.keys.is_empty());
    let nested = match (parent, headline) {
        (Some(p), Some(h)) => p.keys != h.keys,
        (Some(_), None) => true,
        _ => false,
    };
    let direct = !is_headline && !nested && headline.is_some();
    let denies = query.cues.denies();
    let headline_denies = headline.is_some_and(|h| h.cues.denies());
    let best_cues = match (body, best) {
        (Some(b), Some((i, cosine))) if cosine > 0.0 => b.sentences[i].cues,
        _ => Cues::default(),
    };
    let lead = body
        .and_then(|b| b.sentences.first())
        .map_or(Cues::default(), |s| s.cues);
    let sentences_with =
        |c| body.map_or(0, |b| b.sentences.iter().filter(|s| s.cues.has(c)).count());
    let has_best = best.is_some_and(|(_, cosine)| cosine > 0.0);
    let flags = vec![
        headline.is_some(),
        body.is_some(),
        is_headline,
        direct,
        nested,
        headline.is_some_and(|h| h.question),
        headline.is_some_and(|h| h.quotes),
        cue(headline, Cue::Negation),
        cue(headline, Cue::Doubt),
        cue(headline, Cue::Refutation),
        cue(headline, Cue::Hedge),
        cue(headline, Cue::Report),
        cue(headline, Cue::Death),
        cue(headline, Cue::Peace),
        headline.is_some() && denies && headline_denies,
        headline.is_some() && denies && !headline_denies,
        headline.is_some() && !denies && headline_denies,
        headline.is_some() && !denies && !headline_denies,
        best_cues.has(Cue::Negation),
        best_cues.has(Cue::Doubt),
        best_cues.has(Cue::Refutation),
        best_cues.has(Cue::Hedge),
        best_cues.has(Cue::Report),
        has_best && denies && best_cues.denies(),
        has_best && denies && !best_cues.denies(),
        has_best && !denies && best_cues.denies(),
        lead.has(Cue::Negation),
        lead.has(Cue::Doubt),
        lead.has(Cue::Refutation),
        lead.has(Cue::Hedge),
        sentences_with(Cue::Doubt) > 0,
        sentences_with(Cue::Refutation) > 0,
        sentences_with(Cue::Refutation) > 1,
        sentences_with(Cue::Hedge) > 1,
        parent.is_some_and(|p| p.question),
        cue(parent, Cue::Negation),
        cue(parent, Cue::Doubt),
        cue(parent, Cue::Agreement),
        cue(parent, Cue::Peace),
        cue(parent, Cue::Laughter),
    ];
    debug_assert_eq!(flags.len(), FLAGS.len());
    flags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::analysis::Analyzer;
    use crate::features::lexicon::Lexicon;
    use crate::tokenize::Tokenizer;

    /// Features of a comment where every word has idf 1.
    fn features(
        comment: &str,
        headline: Option<&str>,
        body: Option<&str>,
        parent: Option<&str>,
    ) -> ContextFeatures {
        let (tokenizer, lexicon) = (Tokenizer::new([]), Lexicon::default());
        let mut analyzer = Analyzer::new(&tokenizer, &lexicon, (3, 5));
        let idf = vec![1.0];
        let mut prepare = |t: Option<&str>| t.map(|t| Prepared::new(t, &mut analyzer, &idf));
        let (headline, body, parent) = (prepare(headline), prepare(body), prepare(parent));
        let analysis = analyzer.analyze(comment);
        let context = Context {
            headline: headline.as_ref(),
            body: body.as_ref(),
            parent: parent.as_ref(),
        };
        context_features(&Query::new(&analysis, &idf), context, 4.0)
    }

    fn value(f: &ContextFeatures, name: &str) -> f32 {
        f.values[VALUES.iter().position(|v| *v == name).unwrap()]
    }

    fn flag(f: &ContextFeatures, name: &str) -> bool {
        f.flags[FLAGS.iter().position(|v| *v == name).unwrap()]
    }

    #[test]
    fn similarities_are_what_a_hand_works_out() {
        let f = features("red ship sunk", Some("blue ship sunk today"), None, None);
        assert!((value(&f, "share of the comment in the headline") - 2.0 / 3.0).abs() < 1e-6);
        assert!((value(&f, "share of the headline in the comment") - 0.5).abs() < 1e-6);
        // Two shared words: 2 / (√3 √4).
        assert!((value(&f, "words shared with the headline") - 2.0 / 12f32.sqrt()).abs() < 1e-6);
        // One of two pairs.
        assert!((value(&f, "word pairs shared with the headline") - 0.5).abs() < 1e-6);
        assert!(value(&f, "words shared with the body").is_nan());
    }

    #[test]
    fn what_a_comment_shares_is_told_by_how_rare_it_is() {
        // Of the words, whose ids begin at 3, "ship" is common and "blue" rare; every other word has idf 1.
        let tokenizer = Tokenizer::new(["ship", "blue"]);
        let lexicon = Lexicon::default();
        let mut analyzer = Analyzer::new(&tokenizer, &lexicon, (3, 5));
        let idf = vec![1.0, 1.0, 1.0, 0.5, 3.0];
        let headline = Prepared::new("ship sunk", &mut analyzer, &idf);
        let body = Prepared::new("a blue one", &mut analyzer, &idf);
        let query = Query::new(&analyzer.analyze("blue ship, grey ship"), &idf);
        let context = Context {
            headline: Some(&headline),
            body: Some(&body),
            parent: None,
        };
        let f = context_features(&query, context, 4.0);
        assert_eq!(value(&f, "rarest stem shared with the article"), 3.0);
        assert_eq!(value(&f, "second rarest stem shared with the article"), 0.5);
        assert_eq!(value(&f, "rarest stem that the article lacks"), 1.0);
        assert_eq!(value(&f, "second rarest stem that the article lacks"), 0.0);
        assert_eq!(value(&f, "number of stems shared with the article"), 2.0);
        assert_eq!(value(&f, "number of stems that the article lacks"), 1.0);
    }

    #[test]
    fn bm25_follows_its_formula() {
        let f = features("ship sunk", None, Some("ship ship port crane"), None);
        // Length 4 = the mean, so tf = 2 gives 2 · 2.2 / (2 + 1.2); "sunk" gives 0; the idf mass is 2.
        let expected = 2.0 * 2.2 / 3.2 / 2.0;
        assert!((value(&f, "BM25 of the body") - expected).abs() < 1e-6);
    }

    #[test]
    fn the_best_sentence_is_found_and_its_place() {
        let body = Some(
            "The port is calm. Officials denied the ship was hit. Weather is fine. Nothing more.",
        );
        let f = features("was the ship hit", None, body, None);
        assert!((value(&f, "place of the best sentence") - 0.25).abs() < 1e-6);
        assert!(flag(&f, "best sentence refutes"));
    }

    #[test]
    fn roles_are_told_apart() {
        let h = Some("Ship sunk.");
        assert!(flag(
            &features("Ship sunk!", h, None, None),
            "is the headline"
        ));
        assert!(flag(&features("wow", h, None, h), "direct reply"));
        assert!(flag(
            &features("wow", h, None, Some("no way")),
            "nested reply"
        ));
        let none = features("wow", None, None, None);
        assert!(
            !["is the headline", "direct reply", "nested reply"]
                .iter()
                .any(|r| flag(&none, r))
        );
    }

    #[test]
    fn absent_context_is_not_the_same_as_no_overlap() {
        let f = features("wow", Some("Ship sunk"), None, None);
        assert_eq!(value(&f, "words shared with the headline"), 0.0);
        assert!(value(&f, "stems shared with the parent").is_nan());
    }
}
