//! The search for counterfactuals against trying every set.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use proptest::prelude::*;
use sgr_engine::explain::{Counterfactual, CounterfactualSearch, Outcome};
use std::collections::BTreeSet;

/// A candidate whose score is a sum over its evidence, among others with fixed scores.
struct Model {
    strengths: Vec<i32>,
    others: Vec<i32>,
    /// Below it the candidate is not proposed.
    least: i32,
}

impl Model {
    fn outcome(&self, without: &[usize]) -> Outcome {
        let kept = (0..self.strengths.len()).filter(|unit| !without.contains(unit));
        let score: i32 = kept.map(|unit| self.strengths[unit]).sum();
        let better = self.others.iter().filter(|&&other| other > score).count() as u32;
        Outcome { rank: (score >= self.least).then_some(better + 1), score: f64::from(score) }
    }

    /// What is found, and how many outcomes it took.
    fn search(&self) -> (Vec<Counterfactual>, usize) {
        let mut search = CounterfactualSearch::new(self.strengths.len(), self.outcome(&[]));
        let mut asked = BTreeSet::new();
        while let Some(set) = search.next_set() {
            search.tell(self.outcome(&set));
            assert!(asked.insert(set.clone()), "{set:?} twice");
        }
        (search.into_found(), asked.len())
    }
}

#[test]
fn single_units_come_with_the_largest_move_first() {
    let model = Model { strengths: vec![1, 10, 4, 0], others: vec![14, 12, 9, 7, 2], least: 0 };
    let (found, _) = model.search();
    let ranks: Vec<(Vec<usize>, Option<u32>)> =
        found.iter().map(|found| (found.without.clone(), found.outcome.rank)).collect();
    assert_eq!(model.outcome(&[]).rank, Some(1));
    assert_eq!(ranks, [(vec![1], Some(5)), (vec![2], Some(3))], "14 is not over 14");
}

#[test]
fn what_takes_the_candidate_out_comes_first() {
    let model = Model { strengths: vec![5, 6, 1], others: vec![11, 8, 7, 6], least: 7 };
    let (found, _) = model.search();
    let without: Vec<&[usize]> = found.iter().map(|found| &found.without[..]).collect();
    assert_eq!(without, [&[1][..], &[0]]);
    assert_eq!(found[0].outcome, Outcome { rank: None, score: 6.0 });
}

#[test]
fn several_together_are_reported_as_one() {
    let model = Model { strengths: vec![1, 5, 5, 5, -3], others: vec![4], least: 0 };
    let (found, _) = model.search();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].without, [1, 2]);
    assert_eq!(found[0].outcome, Outcome { rank: Some(2), score: 3.0 });
}

#[test]
fn without_evidence_and_without_effect_nothing_is_found() {
    assert_eq!(Model { strengths: vec![], others: vec![1], least: 0 }.search(), (vec![], 0));
    assert_eq!(Model { strengths: vec![3], others: vec![], least: 0 }.search(), (vec![], 1));
    assert_eq!(Model { strengths: vec![3, 4], others: vec![], least: 0 }.search(), (vec![], 2 + 1));
}

proptest! {
    #[test]
    fn what_is_found_is_true_and_minimal(
        strengths in prop::collection::vec(-2..20_i32, 0..8),
        others in prop::collection::vec(-5..80_i32, 0..12),
        least in -5..40_i32,
    ) {
        let model = Model { strengths, others, least };
        let was = model.outcome(&[]);
        let (found, asked) = model.search();
        prop_assert!(asked <= 3 * model.strengths.len());
        for found in &found {
            prop_assert_eq!(found.outcome, model.outcome(&found.without));
            prop_assert_ne!(found.outcome.rank, was.rank);
            prop_assert!(found.without.is_sorted());
            for left in 0..found.without.len() {
                let fewer: Vec<usize> = found.without.iter().copied().filter(|unit| *unit != found.without[left]).collect();
                prop_assert_eq!(model.outcome(&fewer).rank, was.rank, "{} is not needed", found.without[left]);
            }
        }
        let singles = (0..model.strengths.len()).filter(|unit| model.outcome(&[*unit]).rank != was.rank).count();
        if singles > 0 {
            prop_assert_eq!(found.len(), singles);
        } else {
            // Leaving out all that lowers the score is the most that helps.
            let all: Vec<usize> = (0..model.strengths.len()).filter(|unit| model.strengths[*unit] > 0).collect();
            prop_assert_eq!(found.len(), usize::from(model.outcome(&all).rank != was.rank));
        }
    }
}
