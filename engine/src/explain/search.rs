//! Which evidence to leave out next.

use std::cmp::Ordering;

/// What a candidate comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Place among the proposed candidates, from 1; `None` if it is not proposed.
    pub rank: Option<u32>,
    /// Its score.
    pub score: f64,
}

/// Evidence that makes a difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Counterfactual {
    /// Units of evidence that are left out, ascending.
    pub without: Vec<usize>,
    /// What the candidate comes to without them.
    pub outcome: Outcome,
}

/// Leaves out each unit by itself. If none of them changes the rank, it leaves out more and more of those that lower
/// the score, the strongest first, until the rank changes, and then puts back, the weakest first, whatever is not needed
/// for that. Where leaving out more never takes the rank back, no member of what remains can be spared; another set may
/// still be smaller.
///
/// With `n` units it asks for at most `3 n` outcomes.
#[derive(Debug)]
pub struct CounterfactualSearch {
    was: Outcome,
    /// Outcomes without each unit.
    singles: Vec<Outcome>,
    units: usize,
    /// Units that lower the score, the strongest first.
    by_strength: Vec<usize>,
    state: State,
    found: Vec<Counterfactual>,
}

#[derive(Debug)]
enum State {
    /// Each unit by itself.
    Single,
    /// So many of the strongest together.
    Grow(usize),
    /// The set that changed the rank, what it comes to, and the place of the member to do without next.
    Shrink {
        set: Vec<usize>,
        outcome: Outcome,
        at: usize,
    },
    Done,
}

impl CounterfactualSearch {
    /// A search over `units` units of evidence of a candidate that comes to `was` with all of them.
    pub fn new(units: usize, was: Outcome) -> Self {
        let state = if units == 0 { State::Done } else { State::Single };
        Self { was, singles: Vec::with_capacity(units), units, by_strength: Vec::new(), state, found: Vec::new() }
    }

    /// The units to leave out next, or `None` when nothing more is to be found. The outcome goes to
    /// [`tell`](Self::tell).
    pub fn next_set(&self) -> Option<Vec<usize>> {
        match &self.state {
            State::Single => Some(vec![self.singles.len()]),
            State::Grow(size) => Some(self.by_strength[..*size].to_vec()),
            State::Shrink { set, at, .. } => Some(without(set, *at)),
            State::Done => None,
        }
    }

    /// What the candidate comes to without the units of [`next_set`](Self::next_set).
    pub fn tell(&mut self, outcome: Outcome) {
        let changed = outcome.rank != self.was.rank;
        self.state = match std::mem::replace(&mut self.state, State::Done) {
            State::Single => self.single(outcome, changed),
            State::Grow(size) if changed => {
                // Without its last member the set changed nothing: that one is needed.
                shrink(self.by_strength[..size].to_vec(), outcome, size - 1, &mut self.found)
            }
            State::Grow(size) if size < self.by_strength.len() => State::Grow(size + 1),
            State::Shrink { set, at, .. } if changed => shrink(without(&set, at), outcome, at, &mut self.found),
            State::Shrink { set, outcome, at } => shrink(set, outcome, at, &mut self.found),
            State::Grow(_) | State::Done => State::Done,
        };
    }

    /// What makes a difference: what moves the rank furthest first, and before that what takes the candidate out of
    /// the list; of those that move it equally far, what lowers the score most.
    pub fn into_found(mut self) -> Vec<Counterfactual> {
        let was = self.was;
        self.found.sort_by(|a, b| {
            let by_rank = moved(b.outcome, was).cmp(&moved(a.outcome, was));
            by_rank.then(a.outcome.score.total_cmp(&b.outcome.score)).then_with(|| a.without.cmp(&b.without))
        });
        self.found
    }

    fn single(&mut self, outcome: Outcome, changed: bool) -> State {
        if changed {
            self.found.push(Counterfactual { without: vec![self.singles.len()], outcome });
        }
        self.singles.push(outcome);
        if self.singles.len() < self.units {
            return State::Single;
        }
        if !self.found.is_empty() {
            return State::Done;
        }
        let singles = &self.singles;
        self.by_strength = (0..self.units).filter(|&unit| singles[unit].score < self.was.score).collect();
        self.by_strength.sort_by(|&a, &b| match singles[a].score.total_cmp(&singles[b].score) {
            Ordering::Equal => a.cmp(&b),
            other => other,
        });
        // One by itself is known to change nothing.
        if self.by_strength.len() < 2 { State::Done } else { State::Grow(2) }
    }
}

/// The next member that might not be needed, from the weakest to the strongest; or the end.
fn shrink(set: Vec<usize>, outcome: Outcome, at: usize, found: &mut Vec<Counterfactual>) -> State {
    // Of two units neither is enough by itself.
    if at > 0 && set.len() > 2 {
        return State::Shrink { set, outcome, at: at - 1 };
    }
    let mut without = set;
    without.sort_unstable();
    found.push(Counterfactual { without, outcome });
    State::Done
}

fn without(set: &[usize], at: usize) -> Vec<usize> {
    set.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, unit)| *unit).collect()
}

/// How far a rank moved; out of the list is furthest.
fn moved(outcome: Outcome, was: Outcome) -> u32 {
    match (outcome.rank, was.rank) {
        (Some(rank), Some(was)) => rank.abs_diff(was),
        (None, None) => 0,
        _ => u32::MAX,
    }
}
