//! The area under the curve: the probability that a liked item scores above one that is not, ties counting a half.

use super::data::Interactions;

/// AUC of scores with their labels, which are put in order; `None` if a label is missing or a score is NaN.
fn auc(rows: &mut [(f32, bool)]) -> Option<f64> {
    if rows.iter().any(|(score, _)| score.is_nan()) {
        return None;
    }
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let positives = rows.iter().filter(|(_, label)| *label).count() as f64;
    let negatives = rows.len() as f64 - positives;
    if positives == 0.0 || negatives == 0.0 {
        return None;
    }
    let (mut below, mut wins) = (0.0, 0.0);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let hits = tied.iter().filter(|(_, label)| *label).count() as f64;
        let misses = tied.len() as f64 - hits;
        wins += hits * (below + 0.5 * misses);
        below += misses;
    }
    Some(wins / (positives * negatives))
}

/// AUC over all rows; `None` if a label is missing or a score is NaN.
pub(super) fn pooled_auc(rows: &Interactions, scores: &[f32]) -> Option<f64> {
    let mut rows: Vec<(f32, bool)> = scores.iter().copied().zip(rows.labels().iter().copied()).collect();
    auc(&mut rows)
}

/// Mean AUC over the users with both labels; `None` if there are none or a score is NaN.
pub(super) fn per_user_auc(rows: &Interactions, scores: &[f32]) -> Option<f64> {
    if scores.iter().any(|score| score.is_nan()) {
        return None;
    }
    let mut places: Vec<u32> = (0..rows.len() as u32).collect();
    places.sort_by_key(|&place| rows.users()[place as usize]);
    let (mut sum, mut users) = (0.0, 0_usize);
    let mut of_user = Vec::new();
    for places in places.chunk_by(|&a, &b| rows.users()[a as usize] == rows.users()[b as usize]) {
        of_user.clear();
        of_user.extend(places.iter().map(|&place| (scores[place as usize], rows.labels()[place as usize])));
        if let Some(auc) = auc(&mut of_user) {
            sum += auc;
            users += 1;
        }
    }
    (users > 0).then(|| sum / users as f64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn equals_counting_all_pairs() {
        let scores = [0.1, 0.4, 0.4, 0.4, 0.9, 0.2, 0.2];
        let labels = [false, true, false, false, true, true, false];
        let mut wins = 0.0;
        for i in (0..7).filter(|&i| labels[i]) {
            for j in (0..7).filter(|&j| !labels[j]) {
                wins += if scores[i] > scores[j] { 1.0 } else { 0.5 * f64::from(scores[i] == scores[j]) };
            }
        }
        let users = vec![0, 0, 0, 1, 1, 2, 2];
        let rows = Interactions::new(users, vec![0; 7], labels.to_vec(), 3, 1).unwrap();
        assert_eq!(pooled_auc(&rows, &scores), Some(wins / 12.0));
        // User 0: .4 above .1 and tied with .4; user 1: .9 above .4; user 2: tied.
        assert_eq!(per_user_auc(&rows, &scores), Some((0.75 + 1.0 + 0.5) / 3.0));
        assert_eq!(pooled_auc(&rows, &[f32::NAN; 7]), None);
    }
}
