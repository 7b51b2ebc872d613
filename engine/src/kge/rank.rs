//! How well a model ranks what is true: mean reciprocal rank, mean rank, hits.
//!
//! For each triple and each side, all entities are scored in the place of the one that is there, and its rank is
//! counted. *Filtered* ranks pass over other entities that are known to be true (Bordes et al. 2013). Ties count half:
//! the rank is the mean of the best and the worst one possible (Sun et al., ACL 2020, on what happens otherwise).

use super::embeddings::Embeddings;
use super::error::KgeError;
use super::rank_block::{Block, MAX_QUESTIONS, RankWorker};
use super::triples::{KnownTriples, Side, TripleSet};
use rayon::prelude::*;

/// Work of a step for each thread, in multiplications of a product of matrices: some tens of milliseconds.
const STEP_COST: usize = 1_500_000_000;
/// Least questions of a block, even if it then takes longer than a step should: with fewer, products are slow.
const MIN_QUESTIONS: usize = 128;

/// The rank of the true entity, from 1; half ranks by ties.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rank {
    /// Among all entities.
    pub raw: f64,
    /// Among those not known to be true otherwise.
    pub filtered: f64,
}

/// Means over ranks. All are 0 if there are none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Metrics {
    /// Number of ranks.
    pub count: u64,
    /// Mean reciprocal rank, in `0..=1`.
    pub mrr: f64,
    /// Mean rank, at least 1.
    pub mean_rank: f64,
    /// Share of ranks up to 1.
    pub hits_at_1: f64,
    /// Share of ranks up to 3.
    pub hits_at_3: f64,
    /// Share of ranks up to 10.
    pub hits_at_10: f64,
}

impl Metrics {
    /// The means over some ranks.
    pub fn of(ranks: impl Iterator<Item = f64>) -> Metrics {
        let mut sums = Metrics::default();
        for rank in ranks {
            sums.count += 1;
            sums.mrr += 1.0 / rank;
            sums.mean_rank += rank;
            for (hits, most) in [(&mut sums.hits_at_1, 1.0), (&mut sums.hits_at_3, 3.0), (&mut sums.hits_at_10, 10.0)] {
                *hits += f64::from(u8::from(rank <= most));
            }
        }
        let count = sums.count.max(1) as f64;
        Metrics {
            count: sums.count,
            mrr: sums.mrr / count,
            mean_rank: sums.mean_rank / count,
            hits_at_1: sums.hits_at_1 / count,
            hits_at_3: sums.hits_at_3 / count,
            hits_at_10: sums.hits_at_10 / count,
        }
    }
}

/// Metrics of some triples, raw and filtered, of each side and of both.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SideMetrics {
    /// Heads and tails asked for, filtered.
    pub filtered: Metrics,
    /// Heads and tails asked for, raw.
    pub raw: Metrics,
    /// Heads asked for, filtered.
    pub heads_filtered: Metrics,
    /// Heads asked for, raw.
    pub heads_raw: Metrics,
    /// Tails asked for, filtered.
    pub tails_filtered: Metrics,
    /// Tails asked for, raw.
    pub tails_raw: Metrics,
}

/// What a ranking has found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evaluation {
    /// Over all triples.
    pub all: SideMetrics,
    /// By relation: `(relation, metrics)`, ascending, for relations that occur.
    pub relations: Vec<(u32, SideMetrics)>,
}

/// Ranks of a set of triples, as far as they are counted. The embeddings are passed with each step, so that a trainer
/// can rank in between.
#[derive(Debug)]
pub(super) struct RankState {
    blocks: Vec<Block>,
    /// Blocks of a step for each thread.
    each: usize,
    next: usize,
    /// By side, then by triple.
    ranks: [Vec<Rank>; 2],
    workers: Vec<RankWorker>,
}

impl RankState {
    pub(super) fn new(embeddings: &Embeddings, triples: &TripleSet, pool: &rayon::ThreadPool) -> RankState {
        let projects = embeddings.spec.build().projects();
        let in_a_step = STEP_COST / embeddings.entities.len().max(1);
        let questions = in_a_step.clamp(MIN_QUESTIONS, MAX_QUESTIONS);
        RankState {
            blocks: Block::all(triples, questions, projects),
            each: (in_a_step / questions).max(1),
            next: 0,
            ranks: [vec![Rank::default(); triples.len()], vec![Rank::default(); triples.len()]],
            workers: (0..pool.current_num_threads()).map(|_| RankWorker::default()).collect(),
        }
    }

    /// Counts the ranks of some blocks. False if there was nothing left to do.
    pub(super) fn step(
        &mut self,
        embeddings: &Embeddings,
        triples: &TripleSet,
        known: &[&KnownTriples],
        pool: &rayon::ThreadPool,
    ) -> bool {
        let end = self.blocks.len().min(self.next + self.each * self.workers.len());
        let blocks = &self.blocks[self.next..end];
        if blocks.is_empty() {
            return false;
        }
        let pieces: Vec<&[Block]> = blocks.chunks(blocks.len().div_ceil(self.workers.len())).collect();
        let found: Vec<Vec<(Side, u32, Rank)>> = pool.install(|| {
            let rank = |(worker, blocks): (&mut RankWorker, &&[Block])| {
                blocks.iter().flat_map(|block| worker.rank(embeddings, triples, known, block)).collect()
            };
            self.workers.par_iter_mut().zip(&pieces).map(rank).collect()
        });
        for (side, at, rank) in found.into_iter().flatten() {
            self.ranks[side.index()][at as usize] = rank;
        }
        self.next = end;
        true
    }

    pub(super) fn fraction(&self) -> f64 {
        if self.blocks.is_empty() { 1.0 } else { self.next as f64 / self.blocks.len() as f64 }
    }

    /// The filtered metrics over both sides.
    pub(super) fn filtered(&self) -> Metrics {
        Metrics::of(self.ranks.iter().flatten().map(|rank| rank.filtered))
    }

    fn metrics(&self, places: &[u32]) -> SideMetrics {
        let of = |sides: &[Side], value: fn(&Rank) -> f64| {
            let ranks = sides.iter().map(|side| &self.ranks[side.index()]);
            Metrics::of(ranks.flat_map(|ranks| places.iter().map(|&at| value(&ranks[at as usize]))))
        };
        SideMetrics {
            filtered: of(&Side::BOTH, |rank| rank.filtered),
            raw: of(&Side::BOTH, |rank| rank.raw),
            heads_filtered: of(&[Side::Head], |rank| rank.filtered),
            heads_raw: of(&[Side::Head], |rank| rank.raw),
            tails_filtered: of(&[Side::Tail], |rank| rank.filtered),
            tails_raw: of(&[Side::Tail], |rank| rank.raw),
        }
    }
}

/// Ranks triples, a step at a time.
#[derive(Debug)]
pub struct Ranker<'a> {
    embeddings: &'a Embeddings,
    triples: &'a TripleSet,
    known: &'a [&'a KnownTriples],
    state: RankState,
}

impl<'a> Ranker<'a> {
    /// Prepares the ranking of `triples`. Filtered ranks pass over all of `known`: by the usual protocol that is training,
    /// validation and test; the triples themselves need not be among them. Every entity of the model is a candidate.
    ///
    /// # Errors
    /// [`NoTriples`](KgeError::NoTriples), or [`UnknownId`](KgeError::UnknownId) for an entity or relation that the model
    /// does not have.
    pub fn new(
        embeddings: &'a Embeddings,
        triples: &'a TripleSet,
        known: &'a [&'a KnownTriples],
        pool: &rayon::ThreadPool,
    ) -> Result<Ranker<'a>, KgeError> {
        if triples.is_empty() {
            return Err(KgeError::NoTriples { what: "triples to rank" });
        }
        for id in [triples.heads(), triples.tails()].into_iter().filter_map(|ids| ids.iter().max()) {
            embeddings.check_entity(*id)?;
        }
        if let Some(id) = triples.relations().iter().max() {
            embeddings.check_relation(*id)?;
        }
        Ok(Ranker { embeddings, triples, known, state: RankState::new(embeddings, triples, pool) })
    }

    /// Counts some more ranks: some tens of milliseconds of work. False if there was nothing left to do. Ranks do not
    /// depend on the number of threads. The pool should be the one of [`new`](Self::new).
    pub fn step(&mut self, pool: &rayon::ThreadPool) -> bool {
        self.state.step(self.embeddings, self.triples, self.known, pool)
    }

    /// How much is done, in `0..=1`.
    pub fn fraction(&self) -> f64 {
        self.state.fraction()
    }

    /// The rank of each triple on one side; zeros where it is not counted yet.
    pub fn ranks(&self, side: Side) -> &[Rank] {
        &self.state.ranks[side.index()]
    }

    /// The metrics, once [`step`](Self::step) has returned false.
    pub fn evaluation(&self) -> Evaluation {
        let mut places: Vec<u32> = (0..self.triples.len() as u32).collect();
        let all = self.state.metrics(&places);
        let relation = |&at: &u32| self.triples.relations()[at as usize];
        places.sort_by_key(relation);
        let of_relation = |places: &[u32]| (relation(&places[0]), self.state.metrics(places));
        let relations = places.chunk_by(|a, b| relation(a) == relation(b)).map(of_relation).collect();
        Evaluation { all, relations }
    }
}
