//! The right to say "not sure": which comments may be labelled so that the error rate among them keeps a promise.
//!
//! A comment is labelled where its decided label's probability, as shown, is at least a threshold. For each target α the
//! threshold comes from *Learn then Test* (Angelopoulos, Bates, Candès, Jordan and Lei 2021, arXiv:2110.01052) with
//! fixed-sequence testing. The hypothesis of threshold τ is that the error rate among comments labelled at τ is above α:
//!
//! E\[Z\] > 0, Z = w Σ selected (wrong − α), summed over the comments of one group (article),
//!
//! because groups are independent and the comments of one are not. w = min(1, 100 / comments of the group). Its p-value
//! is the inverse of a betting score (Waudby-Smith and Ramdas 2023, arXiv:2010.09686): the mean over four bets λ of
//! Π (1 − λ Z) over groups. Fixed bets need no order of the groups, and for groups that are independent but not alike
//! the product's expectation is still at most 1 under the hypothesis (geometric and arithmetic mean). Bets are parts of
//! 1 / ((1 − α) B), with B the largest w × comments, for Z is at most (1 − α) B: the test holds given the sizes of the groups.
//!
//! The sequence begins at τ = 1 − α, where a calibrated comment is wrong with probability α at most and the sum that is
//! tested is largest, and goes down by hundredths until a test fails. With probability at least 0.95 over the draw of
//! calibration groups, the last threshold before that keeps the promise.

use serde::{Deserialize, Serialize};

/// The probability with which the promise holds, over the draw of calibration groups.
pub const CONFIDENCE: f64 = 0.95;

/// Targets and thresholds are hundredths; the largest target is 0.50.
const STEPS: usize = 100;
const N_TARGETS: usize = 50;

/// A group counts with at most this many comments, so that one huge thread does not hide what the others tell.
const MAX_COUNTED: f64 = 100.0;

/// The bets as parts of the largest, with what is staked on each: most on the boldest, which is best where errors are few.
const BETS: [(f64, f64); 4] = [(1.0, 0.7), (0.5, 0.1), (0.25, 0.1), (0.1, 0.1)];

/// What happened to one comment whose label is known and that the model had not seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// The number of its group.
    pub group: usize,
    /// Its gold label.
    pub gold: usize,
    /// The decided label.
    pub decided: usize,
    /// The decided label's probability, as shown.
    pub probability: f64,
}

impl Outcome {
    /// Whether the decided label is the gold label.
    pub fn right(&self) -> bool {
        self.decided == self.gold
    }
}

/// Thresholds for every target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    /// The probability with which each promise holds; [`CONFIDENCE`].
    pub confidence: f64,
    /// The number of calibration groups.
    pub groups: u64,
    /// The number of calibration comments.
    pub comments: u64,
    /// The threshold for target error 0.01, 0.02, … 0.50; `None` where no threshold keeps the promise. Not increasing.
    pub thresholds: Vec<Option<f64>>,
}

impl Selection {
    /// Tests every target on `outcomes`.
    pub fn fit(outcomes: &[Outcome]) -> Self {
        let groups = Groups::new(outcomes);
        let mut thresholds: Vec<Option<f64>> = (1..=N_TARGETS)
            .map(|target| groups.lowest(target).map(|step| step as f64 / STEPS as f64))
            .collect();
        // A lower target never labels more. Every step from 1 − α down to the lowest one passed its test, and a higher
        // target's threshold is below 1 − α, so that the raised threshold passed too.
        for i in (0..N_TARGETS - 1).rev() {
            thresholds[i] = match (thresholds[i], thresholds[i + 1]) {
                (Some(own), Some(next)) => Some(own.max(next)),
                _ => None,
            };
        }
        Selection {
            confidence: CONFIDENCE,
            groups: groups.sizes.iter().filter(|&&n| n > 0.0).count() as u64,
            comments: outcomes.len() as u64,
            thresholds,
        }
    }

    /// The threshold that keeps the error rate at or below `target`, which is rounded down to hundredths; `None` where
    /// none does.
    pub fn threshold(&self, target: f64) -> Option<f64> {
        let step = ((target * STEPS as f64 + 1e-9) as usize).min(N_TARGETS);
        *self.thresholds.get(step.checked_sub(1)?)?
    }

    /// Says what is wrong with thresholds that were read from a file.
    ///
    /// # Errors
    /// What was found and what was expected.
    pub fn check(&self) -> Result<(), String> {
        if self.confidence != CONFIDENCE {
            return Err(format!(
                "confidence is {}; expected {CONFIDENCE}",
                self.confidence
            ));
        }
        if self.thresholds.len() != N_TARGETS {
            return Err(format!(
                "{} thresholds; expected {N_TARGETS}",
                self.thresholds.len()
            ));
        }
        let values: Vec<f64> = self
            .thresholds
            .iter()
            .map(|t| t.unwrap_or(f64::INFINITY))
            .collect();
        let in_range = self
            .thresholds
            .iter()
            .flatten()
            .all(|t| (0.0..=1.0).contains(t));
        if !in_range || !values.windows(2).all(|w| w[0] >= w[1]) {
            return Err(
                "thresholds are wrong; expected nulls, then numbers from 0 to 1 that do not increase".into(),
            );
        }
        Ok(())
    }
}

/// Outcomes by step of probability, with what a group counts.
struct Groups<'a> {
    by_step: Vec<Vec<&'a Outcome>>,
    sizes: Vec<f64>,
    /// B.
    largest: f64,
}

impl<'a> Groups<'a> {
    fn new(outcomes: &'a [Outcome]) -> Self {
        let n = outcomes.iter().map(|o| o.group + 1).max().unwrap_or(0);
        let mut sizes = vec![0.0f64; n];
        let mut by_step = vec![Vec::new(); STEPS + 1];
        for outcome in outcomes {
            sizes[outcome.group] += 1.0;
            // The highest step that is not above the probability, by the comparison that classification makes.
            let mut step = ((outcome.probability * STEPS as f64) as usize + 1).min(STEPS);
            while step > 0 && step as f64 / STEPS as f64 > outcome.probability {
                step -= 1;
            }
            by_step[step].push(outcome);
        }
        let largest = sizes.iter().fold(1.0f64, |a, &n| a.max(n)).min(MAX_COUNTED);
        Groups {
            by_step,
            sizes,
            largest,
        }
    }

    /// The lowest step that passes its test for `target` (both in hundredths), all above it down from 1 − target having
    /// passed theirs.
    fn lowest(&self, target: usize) -> Option<usize> {
        let alpha = target as f64 / STEPS as f64;
        let scale = 1.0 / ((1.0 - alpha) * self.largest);
        let mut z = vec![0.0; self.sizes.len()];
        let mut lowest = None;
        for step in (0..=STEPS).rev() {
            for outcome in &self.by_step[step] {
                let weight = (MAX_COUNTED / self.sizes[outcome.group]).min(1.0) * scale;
                z[outcome.group] += weight * (f64::from(u8::from(!outcome.right())) - alpha);
            }
            // Errors make the product smaller; 0 once a whole group of the largest size is wrong.
            if step + target > STEPS {
                continue;
            }
            if score(&z) < 1.0 / (1.0 - CONFIDENCE) {
                break;
            }
            lowest = Some(step);
        }
        lowest
    }
}

/// The betting score of `z`, which are at most 1: its expectation is at most 1 where the mean of theirs is 0 or more.
fn score(z: &[f64]) -> f64 {
    BETS.iter()
        .map(|(bet, stake)| {
            // Products are kept within range, the rest in logarithms.
            let (mut product, mut log) = (1.0f64, 0.0);
            for z in z {
                product *= (1.0 - bet * z).max(0.0);
                if !(1e-100..=1e100).contains(&product) {
                    log += product.ln();
                    product = 1.0;
                }
            }
            stake * (log + product.ln()).exp()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(group: usize, probability: f64, right: bool) -> Outcome {
        Outcome {
            group,
            gold: 0,
            decided: usize::from(!right),
            probability,
        }
    }

    /// A world of articles with 12 comments each. Confidence is even on (0.4, 1); in a `bad` share of the articles a
    /// comment is wrong `more` often than it says, in the others less, so that on average it is `off` what it says.
    struct World {
        bad: f64,
        more: f64,
        off: f64,
    }

    impl World {
        fn draw(&self, rng: &mut fastrand::Rng, articles: usize) -> Vec<Outcome> {
            let mut outcomes = Vec::new();
            for group in 0..articles {
                let bad = rng.f64() < self.bad;
                let shift = if bad {
                    self.more
                } else {
                    -self.more * self.bad / (1.0 - self.bad)
                };
                for _ in 0..12 {
                    let probability = 0.4 + 0.6 * rng.f64();
                    let wrong = self.wrong(probability) + shift * (1.0 - probability);
                    let right = rng.f64() >= wrong;
                    outcomes.push(outcome(group, probability, right));
                }
            }
            outcomes
        }

        fn wrong(&self, probability: f64) -> f64 {
            (1.0 - probability) * (1.0 + self.off)
        }

        /// The true error rate at a threshold: the mean of `wrong` above it, exact because it is linear.
        fn risk(&self, threshold: f64) -> f64 {
            self.wrong((threshold.max(0.4) + 1.0) / 2.0)
        }
    }

    const RUNS: usize = 1000;

    /// Runs whose threshold breaks the promise, and the mean share of labelled comments.
    fn simulate(world: &World, target: usize, articles: usize) -> (usize, f64) {
        let mut rng = fastrand::Rng::with_seed(20);
        let (mut broken, mut labelled) = (0, 0.0);
        for _ in 0..RUNS {
            let outcomes = world.draw(&mut rng, articles);
            if let Some(step) = Groups::new(&outcomes).lowest(target) {
                let threshold = step as f64 / STEPS as f64;
                broken += usize::from(world.risk(threshold) > target as f64 / STEPS as f64 + 1e-12);
                labelled += (1.0 - threshold.max(0.4)) / 0.6;
            }
        }
        (broken, labelled / RUNS as f64)
    }

    /// At most 5 % of 1,000 runs, with three standard deviations of a binomial: 50 + 3 √(1000 · 0.05 · 0.95) = 70.
    #[test]
    fn the_promise_holds_in_at_least_95_of_100_draws_of_correlated_articles() {
        for (bad, more, off) in [
            (0.2, 0.6, 0.0),
            (0.05, 0.6, 0.0),
            (0.2, 0.3, 0.3),
            (0.5, 0.3, -0.3),
        ] {
            let world = World { bad, more, off };
            for (target, articles) in [(10, 200), (20, 60), (30, 200)] {
                let (broken, _) = simulate(&world, target, articles);
                assert!(broken <= 70, "{bad} {more} {off} {target}: {broken}");
            }
        }
    }

    /// With a target of 0.2 the best threshold that is true labels two thirds (1 − 0.6 of 0.6, where the mean of 1 − p is
    /// 0.2).
    #[test]
    fn an_easy_setting_labels_most_of_what_could_be() {
        let world = World {
            bad: 0.2,
            more: 0.6,
            off: 0.0,
        };
        let (_, labelled) = simulate(&world, 20, 200);
        assert!(labelled > 0.4, "{labelled}");
    }

    #[test]
    fn a_right_classifier_labels_everything_and_a_wrong_one_nothing() {
        let outcomes =
            |right| -> Vec<Outcome> { (0..400).map(|i| outcome(i / 2, 0.95, right)).collect() };
        let all = Selection::fit(&outcomes(true));
        assert_eq!(all.threshold(0.10), Some(0.0));
        assert_eq!((all.groups, all.comments), (200, 400));
        assert!(all.check().is_ok());
        let none = Selection::fit(&outcomes(false));
        assert!(none.thresholds.iter().all(Option::is_none));
    }

    /// 64 groups of one comment, all right, target 0.05: every z is −0.05/0.95, and the score, by a pocket calculator, is
    /// 0.7 · 1.05263^64 + 0.1 · (1.02632^64 + 1.01316^64 + 1.00526^64) = 19.5527; with 65 groups it is 20.5521.
    #[test]
    fn the_score_is_the_mean_of_the_bets_and_passes_at_20() {
        assert!((score(&[-0.05 / 0.95; 64]) - 19.552_651).abs() < 1e-5);
        // A group that is wrong as a whole leaves nothing of the boldest bet: 0.1 · (0.5 + 0.75 + 0.9).
        assert!((score(&[0.0, 1.0]) - 0.215).abs() < 1e-12);
        let alone =
            |n| -> Vec<Outcome> { (0..n).map(|group| outcome(group, 0.99, true)).collect() };
        assert_eq!(Groups::new(&alone(64)).lowest(5), None);
        assert_eq!(Groups::new(&alone(65)).lowest(5), Some(0));
    }

    /// 300 copies of a comment in one group are one piece of evidence, as one comment is.
    #[test]
    fn comments_of_one_group_are_no_extra_evidence() {
        let outcomes: Vec<Outcome> = (0..300).map(|_| outcome(0, 1.0, true)).collect();
        assert!(
            Selection::fit(&outcomes)
                .thresholds
                .iter()
                .all(Option::is_none)
        );
    }

    #[test]
    fn targets_are_rounded_down_and_thresholds_compare_as_shown() {
        let outcomes: Vec<Outcome> = (0..4000)
            .map(|i| outcome(i, (i % 60) as f64 / 100.0 + 0.4, i % 60 >= 30 || i % 2 == 0))
            .collect();
        let selection = Selection::fit(&outcomes);
        assert_eq!(selection.threshold(0.109), selection.threshold(0.10));
        assert_eq!(selection.threshold(0.9), selection.threshold(0.5));
        assert_eq!(selection.threshold(0.001), None);
        let lows: Vec<f64> = selection.thresholds.iter().flatten().copied().collect();
        assert!(lows.len() > 10 && lows.windows(2).all(|w| w[0] >= w[1]));
    }

    #[test]
    fn thresholds_that_increase_or_are_no_numbers_are_refused() {
        let good = Selection {
            confidence: 0.95,
            groups: 1,
            comments: 1,
            thresholds: vec![None; 50],
        };
        assert!(good.check().is_ok());
        let with = |at: usize, value: f64| {
            let mut bad = good.clone();
            bad.thresholds[at] = Some(value);
            bad.check().is_err()
        };
        assert!(!with(49, 0.5));
        assert!(with(49, f64::NAN) && with(49, 1.5) && with(3, 0.5));
        assert!(
            Selection {
                thresholds: vec![],
                ..good.clone()
            }
            .check()
            .is_err()
        );
    }
}
