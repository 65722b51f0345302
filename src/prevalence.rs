//! Shares of labels among many comments, corrected for what the classifier is known to confuse.
//!
//! Counting decided labels gives biased shares wherever one label is mistaken for another more often than the other way
//! round. Where comments of each label look as they did in training and only the shares differ (*label shift*), the counts
//! of decisions are a mixture of what each label leads to, and the shares are the weights of the mixture. They are found by
//! maximum likelihood with expectation maximisation (Saerens, Latinne and Decaestecker 2002) over decisions in bins of
//! confidence, the form that Garg, Wu, Balakrishnan and Lipton (2020, arXiv:2003.07554) show to be equal to maximum
//! likelihood with calibrated probabilities: bins are calibrated by construction.
//!
//! Intervals combine two draws: confusions from a bootstrap over calibration groups (articles), kept in the model, and the
//! counts at hand, whose variance is multiplied by how much more the confusions of articles differ than those of
//! comments drawn one by one would.

use crate::error::{Error, Result};
use crate::selective::Outcome;
use rayon::prelude::*;

/// Decisions stand in one bin for each label and each of these parts of the decided label's probability: finer parts, or the
/// probabilities themselves, told shares no better.
const CUTS: [f64; 2] = [0.5, 0.75];
/// Bins for each label.
const PARTS: usize = CUTS.len() + 1;
/// Bootstrap confusions in a model.
const REPLICATES: usize = 100;
/// Draws of the counts for each confusion.
const DRAWS: usize = 5;
/// Steps of expectation maximisation, and the change of a share below which it ends. It nears a share of 0 only slowly: what
/// is left below `NOTHING` is 0.
const MAX_STEPS: usize = 5000;
const ENOUGH: f64 = 1e-7;
const NOTHING: f64 = 1e-3;

/// The bin of a decision for `label` with `probability`.
pub fn bin(label: usize, probability: f64) -> usize {
    label * PARTS + CUTS.iter().filter(|&&cut| probability >= cut).count()
}

/// The number of bins for `n_labels` labels.
pub fn n_bins(n_labels: usize) -> usize {
    n_labels * PARTS
}

/// What comments of each gold label lead to.
#[derive(Debug, Clone, PartialEq)]
pub struct Confusions {
    /// P(bin | gold label) of shape `(1 + n_replicates, n_labels, n_bins)`: the estimate, then bootstrap replicates.
    pub rates: Vec<f32>,
    /// The number of labels.
    pub n_labels: usize,
    /// How many times larger the variance of counts is than that of comments drawn one by one; at least 1.
    pub overdispersion: f64,
}

/// The share of one label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The estimate, from 0 to 1.
    pub share: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

impl Confusions {
    /// Counts `outcomes` over `n_labels` labels; `seed` draws the bootstrap.
    pub fn fit(outcomes: &[Outcome], n_labels: usize, seed: u64) -> Self {
        let m = n_bins(n_labels);
        let n_groups = outcomes.iter().map(|o| o.group + 1).max().unwrap_or(0);
        let mut groups: Vec<Vec<usize>> = vec![Vec::new(); n_groups];
        for o in outcomes {
            groups[o.group].push(o.gold * m + bin(o.decided, o.probability));
        }
        let count = |chosen: &mut dyn Iterator<Item = usize>| {
            let mut counts = vec![0.0; n_labels * m];
            for group in chosen {
                for &cell in &groups[group] {
                    counts[cell] += 1.0;
                }
            }
            counts
        };
        let counts = count(&mut (0..n_groups));
        let estimate = rates(&counts, &counts, m);
        let overdispersion = overdispersion(&groups, &estimate, m);
        let mut all = estimate;
        let mut rng = fastrand::Rng::with_seed(seed);
        for _ in 0..REPLICATES {
            let drawn = count(&mut (0..n_groups).map(|_| rng.usize(..n_groups)));
            all.extend(rates(&drawn, &counts, m));
        }
        Confusions {
            rates: all.iter().map(|&r| r as f32).collect(),
            n_labels,
            overdispersion,
        }
    }

    /// Confusions that were read from a file.
    ///
    /// # Errors
    /// [`Error::Model`] where the numbers are no rates of these shapes.
    pub fn new(rates: Vec<f32>, n_labels: usize, overdispersion: f64) -> Result<Self> {
        let m = n_bins(n_labels);
        let fail = |what: &str| Err(Error::Model(what.to_string()));
        if rates.len() != Self::shape(n_labels).iter().product::<usize>() {
            return fail(
                "calibration.confusions has another shape; expected one rate for each label and bin",
            );
        }
        let sums_to_one = |row: &[f32]| {
            let sum: f64 = row.iter().map(|&r| f64::from(r)).sum();
            row.iter().all(|&r| r > 0.0) && (sum - 1.0).abs() < 1e-3
        };
        if !rates.chunks(m).all(sums_to_one) {
            return fail(
                "calibration.confusions holds wrong rates; expected numbers above 0 that sum to 1",
            );
        }
        if !(overdispersion.is_finite() && overdispersion >= 1.0) {
            return fail("calibration.overdispersion is wrong; expected a number of at least 1");
        }
        Ok(Confusions {
            rates,
            n_labels,
            overdispersion,
        })
    }

    /// The shape of [`Confusions::rates`].
    pub fn shape(n_labels: usize) -> [usize; 3] {
        [1 + REPLICATES, n_labels, n_bins(n_labels)]
    }

    /// The share of each label among comments whose decisions fell into bins as `counts` say; the same for the same counts.
    /// Without comments nothing is known: shares are `1 / n_labels`, intervals from 0 to 1.
    pub fn shares(&self, counts: &[u64]) -> Vec<Share> {
        let (k, m) = (self.n_labels, n_bins(self.n_labels));
        let tables: Vec<Vec<f64>> = self
            .rates
            .chunks(k * m)
            .map(|table| table.iter().map(|&r| f64::from(r)).collect())
            .collect();
        let counts: Vec<f64> = counts.iter().map(|&c| c as f64).collect();
        if counts.iter().sum::<f64>() == 0.0 {
            let share = 1.0 / k as f64;
            return vec![
                Share {
                    share,
                    low: 0.0,
                    high: 1.0
                };
                k
            ];
        }
        let start = vec![1.0 / k as f64; k];
        let estimate = mixture(&tables[0], &counts, &start);
        // What the estimate leads one to expect in each bin stands in as one comment more, so that an empty bin can be
        // drawn too.
        let expected: Vec<f64> = (0..m)
            .map(|b| (0..k).map(|l| estimate[l] * tables[0][l * m + b]).sum())
            .collect();
        let shape: Vec<f64> = counts
            .iter()
            .zip(&expected)
            .map(|(c, e)| (c + e) / self.overdispersion)
            .collect();
        // Expectation maximisation never leaves a share of 0.
        let start: Vec<f64> = estimate
            .iter()
            .map(|share| 0.9 * share + 0.1 / k as f64)
            .collect();
        let mut drawn: Vec<Vec<f64>> = vec![Vec::with_capacity(REPLICATES * DRAWS); k];
        let mut rng = fastrand::Rng::with_seed(1);
        for table in &tables[1..] {
            for _ in 0..DRAWS {
                // A draw from the Dirichlet distribution, but for its scale.
                let counts: Vec<f64> = shape.iter().map(|&a| gamma(&mut rng, a)).collect();
                for (drawn, share) in drawn.iter_mut().zip(mixture(table, &counts, &start)) {
                    drawn.push(share);
                }
            }
        }
        estimate
            .iter()
            .zip(drawn)
            .map(|(&share, mut drawn)| {
                drawn.sort_unstable_by(f64::total_cmp);
                let at = |q: f64| drawn[((drawn.len() - 1) as f64 * q).round() as usize];
                Share {
                    share,
                    low: at(0.025).min(share),
                    high: at(0.975).max(share),
                }
            })
            .collect()
    }

    /// [`Confusions::shares`] for each of many counts, on all threads.
    pub fn shares_of_all(&self, counts: &[&[u64]]) -> Vec<Vec<Share>> {
        counts.par_iter().map(|c| self.shares(c)).collect()
    }
}

/// P(bin | gold label) by `counts` of shape `(n_labels, m)`. One comment more, spread as those of `all` labels together are,
/// keeps every rate above 0.
fn rates(counts: &[f64], all: &[f64], m: usize) -> Vec<f64> {
    let total: f64 = all.iter().sum();
    let spread: Vec<f64> = (0..m)
        .map(|b| {
            let in_bin: f64 = all.iter().skip(b).step_by(m).sum();
            (in_bin + 1.0 / m as f64) / (total + 1.0)
        })
        .collect();
    counts
        .chunks(m)
        .flat_map(|row| {
            let n: f64 = row.iter().sum();
            row.iter()
                .zip(&spread)
                .map(move |(c, s)| (c + s) / (n + 1.0))
                .collect::<Vec<f64>>()
        })
        .collect()
}

/// The squared distance of groups' counts from what their gold labels lead one to expect, over what it would be if comments
/// were drawn one by one (a moment estimate, as Pearson's statistic over its degrees of freedom); at least 1.
fn overdispersion(groups: &[Vec<usize>], rates: &[f64], m: usize) -> f64 {
    let (mut found, mut expected) = (0.0, 0.0);
    let mut residual = vec![0.0; m];
    for cells in groups {
        residual.fill(0.0);
        for &cell in cells {
            residual[cell % m] += 1.0;
            let row = &rates[cell / m * m..][..m];
            for (r, rate) in residual.iter_mut().zip(row) {
                *r -= rate;
                expected += rate * (1.0 - rate);
            }
        }
        found += residual.iter().map(|r| r * r).sum::<f64>();
    }
    if expected > 0.0 {
        (found / expected).max(1.0)
    } else {
        1.0
    }
}

/// The weights with which the rows of `rates`, of shape `(start.len(), counts.len())`, best explain `counts`: expectation
/// maximisation from `start`.
fn mixture(rates: &[f64], counts: &[f64], start: &[f64]) -> Vec<f64> {
    let m = counts.len();
    let total: f64 = counts.iter().sum();
    let mut shares = start.to_vec();
    if total.is_nan() || total <= 0.0 {
        return shares;
    }
    let mut next = vec![0.0; shares.len()];
    for _ in 0..MAX_STEPS {
        next.fill(0.0);
        for (b, count) in counts.iter().enumerate() {
            let mixed: f64 = shares
                .iter()
                .enumerate()
                .map(|(l, s)| s * rates[l * m + b])
                .sum();
            for (l, n) in next.iter_mut().enumerate() {
                *n += count / total * shares[l] * rates[l * m + b] / mixed;
            }
        }
        let change = shares
            .iter()
            .zip(&next)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        std::mem::swap(&mut shares, &mut next);
        if change < ENOUGH {
            break;
        }
    }
    for share in &mut shares {
        if *share < NOTHING {
            *share = 0.0;
        }
    }
    let sum: f64 = shares.iter().sum();
    shares.iter_mut().for_each(|share| *share /= sum);
    shares
}

/// A draw from the gamma distribution of this shape and scale 1 (Marsaglia and Tsang 2000).
fn gamma(rng: &mut fastrand::Rng, shape: f64) -> f64 {
    if shape < 1.0 {
        let u = 1.0 - rng.f64();
        return gamma(rng, shape + 1.0) * u.powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        // A normal draw (Box and Muller 1958).
        let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
        let x = radius * (std::f64::consts::TAU * rng.f64()).cos();
        let v = (1.0 + c * x).powi(3);
        let u = 1.0 - rng.f64();
        if v > 0.0 && u.ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three labels that are often confused, differently in each article: the right label has weight 4 in the mean, times or
    /// divided by up to `uneven`.
    fn article(
        rng: &mut fastrand::Rng,
        group: usize,
        golds: &[usize],
        uneven: f64,
        told: bool,
    ) -> Vec<Outcome> {
        let ease = 4.0 * uneven.powf(2.0 * rng.f64() - 1.0);
        let lean = rng.usize(..3);
        golds
            .iter()
            .map(|&gold| {
                let mut weights = [1.0, 1.0, 1.0];
                weights[(gold + 1) % 3] = 0.5;
                weights[lean] *= uneven.sqrt();
                weights[gold] = ease;
                let total: f64 = weights.iter().sum();
                let mut u = rng.f64() * total;
                let label = (0..3)
                    .find(|&l| {
                        u -= weights[l];
                        u < 0.0
                    })
                    .unwrap_or(2);
                let sure = if label == gold {
                    rng.f64().sqrt()
                } else {
                    rng.f64()
                };
                Outcome {
                    group,
                    gold,
                    decided: label,
                    probability: if told { sure } else { 0.0 },
                }
            })
            .collect()
    }

    fn draw(rng: &mut fastrand::Rng, shares: [f64; 3]) -> usize {
        let u = rng.f64();
        usize::from(u >= shares[0]) + usize::from(u >= shares[0] + shares[1])
    }

    /// The share of intervals that hold the true share, over 120 runs and three labels, and the same for plain counts taken
    /// as estimates: how far they are off in the mean, beside the corrected estimates.
    fn simulate(shares: [f64; 3], articles: usize, uneven: f64, told: bool) -> (f64, f64, f64) {
        let mut rng = fastrand::Rng::with_seed(5);
        let (mut held, mut off, mut off_counted) = (0, 0.0, 0.0);
        const RUNS: usize = 120;
        for run in 0..RUNS {
            let mut known = Vec::new();
            for group in 0..80 {
                let golds: Vec<usize> = (0..12).map(|_| rng.usize(..3)).collect();
                known.extend(article(&mut rng, group, &golds, uneven, told));
            }
            let confusions = Confusions::fit(&known, 3, run as u64);
            let (mut counts, mut gold, mut counted) = (vec![0; n_bins(3)], [0.0; 3], [0.0; 3]);
            for _ in 0..articles {
                let golds: Vec<usize> = (0..12).map(|_| draw(&mut rng, shares)).collect();
                for o in article(&mut rng, 0, &golds, uneven, told) {
                    counts[bin(o.decided, o.probability)] += 1;
                    counted[o.decided] += 1.0;
                    gold[o.gold] += 1.0;
                }
            }
            let n = 12.0 * articles as f64;
            for (l, share) in confusions.shares(&counts).iter().enumerate() {
                let truth = gold[l] / n;
                held += usize::from((share.low..=share.high).contains(&truth));
                off += (share.share - truth).abs();
                off_counted += (counted[l] / n - truth).abs();
            }
        }
        let cells = (3 * RUNS) as f64;
        (held as f64 / cells, off / cells, off_counted / cells)
    }

    /// 360 intervals: three standard deviations of a binomial are 3.4 points. Labels of one run depend on each other, so a
    /// little more is granted.
    #[test]
    fn intervals_hold_the_true_share_in_about_95_of_100_draws() {
        for (shares, articles, uneven) in [
            ([0.6, 0.3, 0.1], 30, 1.0),
            ([0.6, 0.3, 0.1], 30, 3.0),
            ([0.9, 0.1, 0.0], 30, 2.0),
            ([0.2, 0.2, 0.6], 2, 2.0),
        ] {
            let (held, ..) = simulate(shares, articles, uneven, true);
            assert!(held > 0.91, "{shares:?} {articles} {uneven}: {held}");
        }
    }

    #[test]
    fn corrected_shares_are_nearer_than_counts_where_shares_shift() {
        let (_, off, off_counted) = simulate([0.9, 0.1, 0.0], 30, 1.5, true);
        assert!(off < 0.6 * off_counted, "{off} {off_counted}");
    }

    /// The same world, and a classifier that says how sure it is, or does not: then a label has one bin.
    #[test]
    fn parts_of_confidence_make_shares_more_precise_than_decisions_alone() {
        let (_, with, _) = simulate([0.6, 0.3, 0.1], 30, 1.5, true);
        let (_, without, _) = simulate([0.6, 0.3, 0.1], 30, 1.5, false);
        assert!(with < 0.95 * without, "{with} {without}");
    }

    /// With rates 0.8 and 0.3 for the first bin, counts of 55 % there are made by equal shares, (0.8 + 0.3) / 2.
    #[test]
    fn the_mixture_is_found() {
        let rates = [0.8, 0.2, 0.3, 0.7];
        let found = mixture(&rates, &[55.0, 45.0], &[0.5, 0.5]);
        assert!((found[0] - 0.5).abs() < 1e-4, "{found:?}");
        // 0.7 = 0.8 a + 0.3 (1 − a): a = 0.8. Beyond 0.8 the best share is 1.
        let found = mixture(&rates, &[70.0, 30.0], &[0.5, 0.5]);
        assert!((found[0] - 0.8).abs() < 1e-4, "{found:?}");
        let found = mixture(&rates, &[95.0, 5.0], &[0.5, 0.5]);
        assert!(found[0] > 0.999, "{found:?}");
    }

    #[test]
    fn gamma_draws_have_mean_and_variance_of_their_shape() {
        for shape in [0.3, 1.0, 7.5] {
            let mut rng = fastrand::Rng::with_seed(3);
            let draws: Vec<f64> = (0..40_000).map(|_| gamma(&mut rng, shape)).collect();
            let mean = draws.iter().sum::<f64>() / 40_000.0;
            let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 40_000.0;
            assert!((mean / shape - 1.0).abs() < 0.05, "{shape}: {mean}");
            assert!((variance / shape - 1.0).abs() < 0.1, "{shape}: {variance}");
        }
    }

    #[test]
    fn without_comments_nothing_is_known() {
        let confusions = Confusions::fit(&[], 2, 1);
        let share = Share {
            share: 0.5,
            low: 0.0,
            high: 1.0,
        };
        assert_eq!(confusions.shares(&[0; 6]), [share, share]);
    }

    #[test]
    fn rates_of_another_shape_or_no_rates_are_refused() {
        let good = Confusions::fit(&[], 2, 1);
        let with = |rates, overdispersion| Confusions::new(rates, 2, overdispersion).is_ok();
        assert!(with(good.rates.clone(), 1.0));
        assert!(!with(good.rates.clone(), 0.5) && !with(good.rates.clone(), f64::NAN));
        assert!(!with(good.rates[1..].to_vec(), 1.0));
        for value in [f32::NAN, 0.0, -0.1, 0.9] {
            let mut rates = good.rates.clone();
            rates[3] = value;
            assert!(!with(rates, 1.0), "{value}");
        }
    }
}
