//! Values to bins.

/// The bin of a value among ascending cuts: bin `b` holds what is at least cut `b - 1` and below cut `b`. NaN is in the
/// first.
pub(super) fn bin_of(cuts: &[f32], value: f32) -> usize {
    cuts.partition_point(|&cut| cut <= value)
}

/// Ascending cuts that make at most `bins` bins, about equally full; one for each value if there are no more.
pub(super) fn cuts_of(values: impl Iterator<Item = f32>, bins: usize) -> Vec<f32> {
    let mut sorted: Vec<f32> = values.collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    if distinct.len() <= bins {
        return distinct.windows(2).map(|two| between(two[0], two[1])).collect();
    }
    // Each cut has its share of what is left: a value that fills several bins does not cost cuts.
    let mut cuts = Vec::with_capacity(bins - 1);
    let mut at = 0;
    while cuts.len() + 1 < bins && at < sorted.len() {
        at += ((sorted.len() - at) / (bins - cuts.len())).max(1);
        let Some(&value) = sorted.get(at) else { break };
        let first = sorted.partition_point(|&other| other < value);
        let below = if first > 0 { sorted[first - 1] } else { value };
        let cut = between(below, value);
        if first > 0 && cuts.last().is_none_or(|&last| last < cut) {
            cuts.push(cut);
        } else {
            // All values since the last cut are equal: cut behind them.
            at = sorted.partition_point(|&other| other <= value);
            let Some(&next) = sorted.get(at) else { break };
            cuts.push(between(value, next));
        }
    }
    cuts
}

/// Over `low`, at most `high`: about the middle.
fn between(low: f32, high: f32) -> f32 {
    let middle = low / 2.0 + high / 2.0;
    if middle > low { middle } else { high }
}

/// Cuts of neighbouring bins merged until at most `bins` are left, about equally full, and the new bin of each old one.
pub(super) fn coarser(cuts: &[f32], rows_of_bins: &[u64], bins: usize) -> (Vec<f32>, Vec<u8>) {
    let all: u64 = rows_of_bins.iter().sum();
    let (mut kept, mut new_bins) = (Vec::new(), vec![0_u8; rows_of_bins.len()]);
    let (mut done, mut of_bin) = (0, 0_u64);
    for (bin, &rows) in rows_of_bins.iter().enumerate() {
        if bin > 0 && of_bin > 0 && kept.len() + 1 < bins {
            let fair = (all - done) / (bins - kept.len()) as u64;
            if of_bin + rows / 2 >= fair {
                kept.push(cuts[bin - 1]);
                done += of_bin;
                of_bin = 0;
            }
        }
        new_bins[bin] = kept.len() as u8;
        of_bin += rows;
    }
    (kept, new_bins)
}

#[cfg(test)]
mod tests {
    use super::{bin_of, coarser, cuts_of};

    #[test]
    fn few_values_have_a_bin_each() {
        let cuts = cuts_of([3.0, 1.0, 1.0, 2.0].into_iter(), 4);
        assert_eq!(cuts, [1.5, 2.5]);
        let bins: Vec<usize> = [0.0, 1.0, 1.5, 2.0, 9.0, f32::NAN].map(|value| bin_of(&cuts, value)).into();
        assert_eq!(bins, [0, 0, 1, 1, 2, 0]);
        assert!(cuts_of(std::iter::repeat_n(1.0, 9), 4).is_empty());
    }

    #[test]
    fn many_values_fill_bins_equally() {
        let cuts = cuts_of((0..1000).map(|value| value as f32), 10);
        assert_eq!(cuts.len(), 9);
        let mut rows = [0; 10];
        (0..1000).for_each(|value| rows[bin_of(&cuts, value as f32)] += 1);
        assert_eq!(rows, [100; 10]);
    }

    #[test]
    fn a_frequent_value_has_one_bin_and_costs_no_others() {
        let cuts = cuts_of((0..1000).map(|at| if at < 700 { 5.0 } else { at as f32 }), 7);
        assert_eq!(cuts.len(), 6);
        assert!(cuts.windows(2).all(|two| two[0] < two[1]), "{cuts:?}");
        assert_eq!((bin_of(&cuts, 5.0), bin_of(&cuts, 700.0)), (0, 1));
    }

    #[test]
    fn merged_bins_keep_their_order() {
        let cuts: Vec<f32> = (1..16).map(|cut| cut as f32).collect();
        let (kept, bins) = coarser(&cuts, &[10; 16], 4);
        assert_eq!(kept, [4.0, 8.0, 12.0]);
        assert_eq!(bins, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]);
        assert_eq!(coarser(&[1.0], &[7, 9], 8), (vec![1.0], vec![0, 1]));
        assert_eq!(coarser(&[], &[7], 8), (vec![], vec![0]));
    }
}
