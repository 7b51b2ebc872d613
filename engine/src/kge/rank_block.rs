//! Ranks of a block of questions, counted tile by tile over the entities.

use super::comparison::Scratch;
use super::embeddings::Embeddings;
use super::rank::Rank;
use super::simd::dispatch;
use super::triples::{KnownTriples, Side, TripleSet};
use std::ops::Range;

/// Most questions that are scored together. The product of matrices packs each tile of entities once a block: with few
/// questions, packing and the entities' squares take a good part of the time.
pub(super) const MAX_QUESTIONS: usize = 512;
/// Entities that are scored together; the scores of a block then stay in the second cache.
const TILE: usize = 256;
/// Questions whose answers are scored together: all with all, of which only the diagonal is used.
const ANSWERED: usize = 32;

/// A question and the triples that ask it.
#[derive(Debug)]
struct Question {
    side: Side,
    relation: u32,
    given: u32,
    /// Where its triples are in the block's `triples`.
    triples: Range<usize>,
}

/// Questions that are scored together; of one relation, if the model projects.
#[derive(Debug)]
pub(super) struct Block {
    questions: Vec<Question>,
    /// Places in the set of triples.
    triples: Vec<u32>,
}

impl Block {
    /// All questions that triples ask, each once, whatever the number of its answers.
    pub(super) fn all(triples: &TripleSet, questions: usize, one_relation: bool) -> Vec<Block> {
        let mut asked: Vec<(u32, u8, u32, u32)> = Vec::with_capacity(2 * triples.len());
        for at in 0..triples.len() {
            for side in Side::BOTH {
                asked.push((triples.relations()[at], side.index() as u8, triples.given(at, side), at as u32));
            }
        }
        asked.sort_unstable();
        let mut blocks: Vec<Block> = Vec::new();
        for same in asked.chunk_by(|a, b| (a.0, a.1, a.2) == (b.0, b.1, b.2)) {
            let (relation, side, given, _) = same[0];
            let fits = |block: &Block| {
                block.questions.len() < questions
                    && block.triples.len() < 4 * questions
                    && !(one_relation && block.questions.first().is_some_and(|first| first.relation != relation))
            };
            if !blocks.last().is_some_and(fits) {
                blocks.push(Block { questions: Vec::new(), triples: Vec::new() });
            }
            if let Some(block) = blocks.last_mut() {
                let start = block.triples.len();
                block.triples.extend(same.iter().map(|&(_, _, _, at)| at));
                let side = Side::BOTH[usize::from(side)];
                block.questions.push(Question { side, relation, given, triples: start..block.triples.len() });
            }
        }
        blocks
    }
}

/// The buffers of one thread.
#[derive(Debug, Default)]
pub(super) struct RankWorker {
    scratch: Scratch,
    prepared: Vec<f32>,
    queries: Vec<f32>,
    rows: Vec<f32>,
    points: Vec<f32>,
    scores: Vec<f32>,
    /// Scores of the true entities, by triple of the block.
    own: Vec<f32>,
    greater: Vec<[u64; 2]>,
    equal: Vec<[u64; 2]>,
}

dispatch! {
    /// How many scores are greater than one, and how many equal it.
    fn count(scores: &[f32], own: f32) -> (u32, u32) {
        let (mut greater, mut equal) = (0, 0);
        for &score in scores {
            greater += u32::from(score > own);
            equal += u32::from(score == own);
        }
        (greater, equal)
    }
}

impl RankWorker {
    /// Bytes of the buffers for blocks of [`MAX_QUESTIONS`].
    pub(super) fn memory_bytes(dim: usize) -> usize {
        size_of::<f32>() * (MAX_QUESTIONS * (TILE + dim) + TILE * dim)
    }

    /// The ranks of a block: side, place in the triples, rank.
    pub(super) fn rank(
        &mut self,
        embeddings: &Embeddings,
        triples: &TripleSet,
        known: &[&KnownTriples],
        block: &Block,
    ) -> Vec<(Side, u32, Rank)> {
        let (model, dim) = (embeddings.spec.build(), embeddings.spec.dim);
        let comparison = model.comparison();
        self.prepared.resize(model.prepared_width(), 0.0);
        self.queries.clear();
        self.queries.resize(block.questions.len() * dim, 0.0);
        let mut prepared_for = None;
        let mut point = vec![0.0; dim];
        for (query, question) in self.queries.chunks_exact_mut(dim).zip(&block.questions) {
            if prepared_for != Some(question.relation) {
                model.prepare(embeddings.relation(question.relation), &mut self.prepared);
                prepared_for = Some(question.relation);
            }
            model.project(&self.prepared, embeddings.entity(question.given), &mut point);
            model.query(question.side, &point, &self.prepared, query);
        }

        self.score_answers(embeddings, triples, block);
        let excluded: Vec<Vec<u32>> = block.questions.iter().map(|question| excluded(known, question)).collect();
        let mut next_excluded = vec![0; block.questions.len()];
        self.greater.clear();
        self.greater.resize(block.triples.len(), [0; 2]);
        self.equal.clear();
        self.equal.resize(block.triples.len(), [0; 2]);
        let entity_count = embeddings.entity_count();
        for start in (0..entity_count).step_by(TILE) {
            let tile = start..entity_count.min(start + TILE);
            let rows = &embeddings.entities[tile.start * dim..tile.end * dim];
            let points = if model.projects() {
                self.points.resize(rows.len(), 0.0);
                model.project(&self.prepared, rows, &mut self.points);
                &self.points
            } else {
                rows
            };
            self.scores.resize(block.questions.len() * tile.len(), 0.0);
            comparison.order(&self.queries, points, dim, &mut self.scratch, &mut self.scores);
            for (index, question) in block.questions.iter().enumerate() {
                let row = &self.scores[index * tile.len()..(index + 1) * tile.len()];
                let rest = &excluded[index][next_excluded[index]..];
                let here = &rest[..rest.partition_point(|&entity| (entity as usize) < tile.end)];
                next_excluded[index] += here.len();
                for at in question.triples.clone() {
                    let own = self.own[at];
                    let (greater, equal) = count(row, own);
                    let answer = triples.answer(block.triples[at] as usize, question.side);
                    let (mut known_greater, mut known_equal) = (0, 0);
                    for &entity in here.iter().filter(|&&entity| entity != answer) {
                        let score = row[entity as usize - tile.start];
                        known_greater += u64::from(score > own);
                        known_equal += u64::from(score == own);
                    }
                    self.greater[at][0] += u64::from(greater);
                    self.greater[at][1] += u64::from(greater) - known_greater;
                    self.equal[at][0] += u64::from(equal);
                    self.equal[at][1] += u64::from(equal) - known_equal;
                }
            }
        }
        let mut ranks = Vec::with_capacity(block.triples.len());
        for question in &block.questions {
            for at in question.triples.clone() {
                // `equal` counts the answer itself; but a score that is not a number equals nothing, and ranks last.
                let rank = |which: usize| match self.equal[at][which] {
                    0 => entity_count as f64,
                    equal => 1.0 + self.greater[at][which] as f64 + (equal - 1) as f64 / 2.0,
                };
                ranks.push((question.side, block.triples[at], Rank { raw: rank(0), filtered: rank(1) }));
            }
        }
        ranks
    }

    /// Scores the answers by the same products as all others, so that equal rows tie exactly.
    fn score_answers(&mut self, embeddings: &Embeddings, triples: &TripleSet, block: &Block) {
        let (model, dim) = (embeddings.spec.build(), embeddings.spec.dim);
        let comparison = model.comparison();
        self.own.clear();
        self.own.resize(block.triples.len(), 0.0);
        for (questions, queries) in block.questions.chunks(ANSWERED).zip(self.queries.chunks(ANSWERED * dim)) {
            let end = questions.last().map_or(0, |last| last.triples.end);
            for start in (questions[0].triples.start..end).step_by(TILE) {
                let places = start..end.min(start + TILE);
                self.rows.clear();
                for question in questions {
                    for &at in &block.triples[overlap(&question.triples, &places)] {
                        let answer = triples.answer(at as usize, question.side);
                        self.rows.extend_from_slice(embeddings.entity(answer));
                    }
                }
                let points = if model.projects() {
                    self.points.resize(self.rows.len(), 0.0);
                    model.project(&self.prepared, &self.rows, &mut self.points);
                    &self.points
                } else {
                    &self.rows
                };
                self.scores.resize(questions.len() * places.len(), 0.0);
                comparison.order(queries, points, dim, &mut self.scratch, &mut self.scores);
                for (question, row) in questions.iter().zip(self.scores.chunks_exact(places.len())) {
                    for at in overlap(&question.triples, &places) {
                        self.own[at] = row[at - start];
                    }
                }
            }
        }
    }
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> Range<usize> {
    let start = a.start.max(b.start);
    start..a.end.min(b.end).max(start)
}

/// All entities that are known to answer a question, ascending and distinct.
fn excluded(known: &[&KnownTriples], question: &Question) -> Vec<u32> {
    let mut entities: Vec<u32> = Vec::new();
    for known in known {
        entities.extend_from_slice(known.answers(question.side, question.relation, question.given));
    }
    if known.len() > 1 {
        entities.sort_unstable();
        entities.dedup();
    }
    entities
}
