//! One step of boosting on a histogram: which intervals, and how far each goes.

use super::config::BlendConfig;

/// The longest Newton step, of which a part is taken. Where positives are rare, as among all items, the second derivative at the
/// start is far below what it becomes, and the step would go far too far.
const MAX_STEP: f64 = 5.0;

/// Sums over the rows of a bin.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    pub(super) gradient: f64,
    pub(super) curvature: f64,
    pub(super) rows: u32,
}

impl Sums {
    pub(super) fn add(&mut self, gradient: f64, curvature: f64) {
        self.gradient += gradient;
        self.curvature += curvature;
        self.rows += 1;
    }

    fn plus(self, other: Sums) -> Sums {
        Sums {
            gradient: self.gradient + other.gradient,
            curvature: self.curvature + other.curvature,
            rows: self.rows + other.rows,
        }
    }

    fn minus(self, other: Sums) -> Sums {
        Sums {
            gradient: self.gradient - other.gradient,
            curvature: self.curvature - other.curvature,
            rows: self.rows - other.rows,
        }
    }

    /// How much a Newton step on these rows gains, doubled.
    fn gain(self, l2: f64) -> f64 {
        let curvature = self.curvature + l2;
        if curvature > 0.0 { self.gradient * self.gradient / curvature } else { 0.0 }
    }

    /// The part of the Newton step that is taken.
    fn step(self, config: &BlendConfig) -> f64 {
        let curvature = self.curvature + config.l2;
        let newton = if curvature > 0.0 { self.gradient / curvature } else { 0.0 };
        config.learning_rate * newton.clamp(-MAX_STEP, MAX_STEP)
    }
}

/// The best place to cut bins in two: the first bin of the right side, and the gain.
fn best_cut(bins: &[Sums], config: &BlendConfig) -> Option<(usize, f64)> {
    let all = bins.iter().fold(Sums::default(), |sum, &bin| sum.plus(bin));
    let (mut left, mut best) = (Sums::default(), None);
    for (at, &bin) in bins.iter().enumerate().take(bins.len().saturating_sub(1)) {
        left = left.plus(bin);
        let right = all.minus(left);
        if left.rows < config.min_rows {
            continue;
        }
        if right.rows < config.min_rows {
            break;
        }
        let gain = left.gain(config.l2) + right.gain(config.l2) - all.gain(config.l2);
        if gain > best.map_or(0.0, |(_, gain)| gain) {
            best = Some((at + 1, gain));
        }
    }
    best
}

/// A step for each bin, constant on at most `leaves` intervals that are found best first. `false` if no cut gains.
pub(super) fn step_of_bins(bins: &[Sums], config: &BlendConfig, steps: &mut [f64]) -> bool {
    // Intervals with their best cuts.
    let mut leaves = vec![(0, bins.len(), best_cut(bins, config))];
    while leaves.len() < config.leaves {
        let gain = |leaf: &(usize, usize, Option<(usize, f64)>)| leaf.2.map_or(0.0, |(_, gain)| gain);
        let Some(best) = (0..leaves.len()).reduce(|a, b| if gain(&leaves[b]) > gain(&leaves[a]) { b } else { a })
        else {
            break;
        };
        let (start, end, Some((cut, _))) = leaves[best] else { break };
        let middle = start + cut;
        leaves[best] = (start, middle, best_cut(&bins[start..middle], config));
        leaves.push((middle, end, best_cut(&bins[middle..end], config)));
    }
    if leaves.len() == 1 {
        return false;
    }
    for (start, end, _) in leaves {
        let step = bins[start..end].iter().fold(Sums::default(), |sum, &bin| sum.plus(bin)).step(config);
        steps[start..end].fill(step);
    }
    true
}

/// A cut of one feature, and a cut of the other on each side of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quarters {
    /// Whether the first cut is one of the first feature.
    first_is_outer: bool,
    outer: usize,
    inner: [usize; 2],
    pub(super) gain: f64,
}

/// The best quarters of a table with a row of `width` bins per bin of the first feature.
pub(super) fn best_quarters(bins: &[Sums], width: usize, config: &BlendConfig) -> Option<Quarters> {
    let height = bins.len() / width.max(1);
    let mut turned = vec![Sums::default(); bins.len()];
    for row in 0..height {
        for column in 0..width {
            turned[column * height + row] = bins[row * width + column];
        }
    }
    let by_rows = best_outer(bins, width, true, config);
    let by_columns = best_outer(&turned, height, false, config);
    match (by_rows, by_columns) {
        (Some(a), Some(b)) => Some(if b.gain > a.gain { b } else { a }),
        (a, b) => a.or(b),
    }
}

fn best_outer(bins: &[Sums], width: usize, first_is_outer: bool, config: &BlendConfig) -> Option<Quarters> {
    let mut all = vec![Sums::default(); width];
    for row in bins.chunks_exact(width) {
        all.iter_mut().zip(row).for_each(|(sum, &bin)| *sum = sum.plus(bin));
    }
    let whole = all.iter().fold(Sums::default(), |sum, &bin| sum.plus(bin)).gain(config.l2);
    let (mut left, mut right) = (vec![Sums::default(); width], all);
    let mut best: Option<Quarters> = None;
    let height = bins.len() / width;
    for (at, row) in bins.chunks_exact(width).enumerate().take(height.saturating_sub(1)) {
        for (column, &bin) in row.iter().enumerate() {
            left[column] = left[column].plus(bin);
            right[column] = right[column].minus(bin);
        }
        let gain_of = |side: &[Sums], gain: f64| {
            gain + side.iter().fold(Sums::default(), |sum, &bin| sum.plus(bin)).gain(config.l2)
        };
        let (Some(of_left), Some(of_right)) = (best_cut(&left, config), best_cut(&right, config)) else { continue };
        let gain = gain_of(&left, of_left.1) + gain_of(&right, of_right.1) - whole;
        if gain > best.map_or(0.0, |best| best.gain) {
            best = Some(Quarters { first_is_outer, outer: at + 1, inner: [of_left.0, of_right.0], gain });
        }
    }
    best
}

/// A step for each bin of a table of two features. `false` if no quarters gain.
pub(super) fn step_of_table(bins: &[Sums], width: usize, config: &BlendConfig, steps: &mut [f64]) -> bool {
    let Some(found) = best_quarters(bins, width, config) else { return false };
    let quarter = |at: usize| {
        let (row, column) = (at / width, at % width);
        let (outer, inner) = if found.first_is_outer { (row, column) } else { (column, row) };
        let side = usize::from(outer >= found.outer);
        2 * side + usize::from(inner >= found.inner[side])
    };
    let mut sums = [Sums::default(); 4];
    for (at, &bin) in bins.iter().enumerate() {
        let sum = &mut sums[quarter(at)];
        *sum = sum.plus(bin);
    }
    let of_quarters = sums.map(|sums| sums.step(config));
    for (at, step) in steps.iter_mut().enumerate() {
        *step = of_quarters[quarter(at)];
    }
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Sums, best_quarters, step_of_bins, step_of_table};
    use crate::recommend::blend::BlendConfig;

    fn bins(gradients: &[f64]) -> Vec<Sums> {
        gradients.iter().map(|&gradient| Sums { gradient, curvature: 1.0, rows: 10 }).collect()
    }

    fn config(leaves: usize) -> BlendConfig {
        BlendConfig { leaves, min_rows: 10, l2: 0.0, learning_rate: 0.5, ..BlendConfig::default() }
    }

    #[test]
    fn intervals_follow_the_gradient() {
        let mut steps = [0.0; 6];
        assert!(step_of_bins(&bins(&[-2.0, -2.0, 1.0, 1.0, 4.0, 4.0]), &config(3), &mut steps));
        assert_eq!(steps, [-1.0, -1.0, 0.5, 0.5, 2.0, 2.0]);
        assert!(step_of_bins(&bins(&[-2.0, -2.0, 1.0, 1.0, 5.0, 5.0]), &config(2), &mut steps));
        assert_eq!(steps, [-0.25, -0.25, -0.25, -0.25, 2.5, 2.5]);
        assert!(step_of_bins(&bins(&[-9.0, 90.0]), &config(2), &mut steps[..2]));
        assert_eq!(steps[..2], [-2.5, 2.5], "no further than half of the longest step");
        assert!(!step_of_bins(&bins(&[1.0, 1.0, 1.0]), &config(3), &mut steps[..3]), "nothing to tell apart");
        assert!(!step_of_bins(&bins(&[1.0]), &config(3), &mut steps[..1]));
        let few = BlendConfig { min_rows: 31, ..config(3) };
        assert!(!step_of_bins(&bins(&[-2.0, -2.0, 1.0, 1.0, 4.0, 4.0]), &few, &mut steps), "two sides of 31 of 60");
    }

    #[test]
    fn quarters_find_what_depends_on_both() {
        // Exclusive or, of 2 by 4 bins.
        let table = bins(&[1.0, 1.0, -1.0, -1.0, -1.0, -1.0, 1.0, 1.0]);
        let found = best_quarters(&table, 4, &config(3)).unwrap();
        assert_eq!(found.gain, 8.0);
        let mut steps = [0.0; 8];
        assert!(step_of_table(&table, 4, &config(3), &mut steps));
        assert_eq!(steps, [0.5, 0.5, -0.5, -0.5, -0.5, -0.5, 0.5, 0.5]);
        // The inner cuts differ: only columns as outer cut find it.
        let table = bins(&[1.0, 1.0, -1.0, 1.0, -1.0, -1.0]);
        assert!(step_of_table(&table, 3, &config(3), &mut steps[..6]));
        assert_eq!(steps[..6], [0.5, 0.5, -0.5, 0.5, -0.5, -0.5]);
        assert!(!step_of_table(&bins(&[1.0, 1.0]), 2, &config(3), &mut steps[..2]), "one row has no quarters");
    }
}
