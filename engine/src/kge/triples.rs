//! Triples as columns of dense ids, and what is known to be true.

use super::error::KgeError;
use super::sampling;
use rayon::prelude::*;
use std::ops::Range;

/// Which entity of a triple is asked for, or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The head of `(?, relation, tail)`.
    Head,
    /// The tail of `(head, relation, ?)`.
    Tail,
}

impl Side {
    /// Head, then tail.
    pub const BOTH: [Side; 2] = [Side::Head, Side::Tail];

    pub(super) fn index(self) -> usize {
        self as usize
    }
}

/// Triples as three parallel columns: heads and tails below `entities`, relations below `relations`.
///
/// Duplicates and loops are kept as they are: a triple that is there twice is learned twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TripleSet {
    heads: Vec<u32>,
    relations: Vec<u32>,
    tails: Vec<u32>,
    entity_count: usize,
    relation_count: usize,
}

impl TripleSet {
    /// Takes the columns as they are; they may be empty.
    ///
    /// # Errors
    /// [`ColumnLengths`](KgeError::ColumnLengths), [`UnknownId`](KgeError::UnknownId), or
    /// [`TooMany`](KgeError::TooMany) for more than 2^32 - 2 entities, relations or triples.
    pub fn new(
        heads: Vec<u32>,
        relations: Vec<u32>,
        tails: Vec<u32>,
        entity_count: usize,
        relation_count: usize,
    ) -> Result<TripleSet, KgeError> {
        if heads.len() != relations.len() || heads.len() != tails.len() {
            let (heads, relations, tails) = (heads.len(), relations.len(), tails.len());
            return Err(KgeError::ColumnLengths { heads, relations, tails });
        }
        let limit = u32::MAX as usize - 1;
        for (what, count) in [("entities", entity_count), ("relations", relation_count), ("triples", heads.len())] {
            if count > limit {
                return Err(KgeError::TooMany { what, count, limit });
            }
        }
        let columns = [
            ("entity", &heads, entity_count),
            ("entity", &tails, entity_count),
            ("relation", &relations, relation_count),
        ];
        for (what, ids, count) in columns {
            if let Some(&id) = ids.iter().find(|&&id| id as usize >= count) {
                return Err(KgeError::UnknownId { what, id, count });
            }
        }
        Ok(TripleSet { heads, relations, tails, entity_count, relation_count })
    }

    /// Number of triples, duplicates included.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// The heads, in order.
    pub fn heads(&self) -> &[u32] {
        &self.heads
    }

    /// The relations, parallel to the heads.
    pub fn relations(&self) -> &[u32] {
        &self.relations
    }

    /// The tails, parallel to the heads.
    pub fn tails(&self) -> &[u32] {
        &self.tails
    }

    /// Entities that there are, whether or not they occur.
    pub fn entity_count(&self) -> usize {
        self.entity_count
    }

    /// Relations that there are, whether or not they occur.
    pub fn relation_count(&self) -> usize {
        self.relation_count
    }

    /// The entity that is not asked for.
    pub(super) fn given(&self, at: usize, asked: Side) -> u32 {
        match asked {
            Side::Head => self.tails[at],
            Side::Tail => self.heads[at],
        }
    }

    /// The entity that is asked for.
    pub(super) fn answer(&self, at: usize, asked: Side) -> u32 {
        match asked {
            Side::Head => self.heads[at],
            Side::Tail => self.tails[at],
        }
    }

    /// Takes about `share` of the triples out at random for validation: `(rest, taken)`. A triple is taken only if its
    /// head, its tail and its relation still occur in the rest, so sparse graphs give less than asked for.
    pub fn split(self, share: f64, seed: u64) -> (TripleSet, TripleSet) {
        let mut wanted = (self.len() as f64 * share.clamp(0.0, 1.0)).round() as usize;
        let (mut of_entity, mut of_relation) = (vec![0_u32; self.entity_count], vec![0_u32; self.relation_count]);
        for at in 0..self.len() {
            of_entity[self.heads[at] as usize] += 1;
            of_entity[self.tails[at] as usize] += 1;
            of_relation[self.relations[at] as usize] += 1;
        }
        let mut order: Vec<u32> = (0..self.len() as u32).collect();
        sampling::shuffle(&mut order, &mut sampling::stream(seed, sampling::Use::Split, 0, 0));
        let mut taken = vec![false; self.len()];
        for at in order {
            if wanted == 0 {
                break;
            }
            let at = at as usize;
            let (head, tail, relation) =
                (self.heads[at] as usize, self.tails[at] as usize, self.relations[at] as usize);
            let needed = if head == tail { 3 } else { 2 };
            if of_entity[head] >= needed && of_entity[tail] >= needed && of_relation[relation] >= 2 {
                of_entity[head] -= 1;
                of_entity[tail] -= 1;
                of_relation[relation] -= 1;
                taken[at] = true;
                wanted -= 1;
            }
        }
        let part = |side: bool| {
            let pick = |column: &[u32]| -> Vec<u32> {
                column.iter().zip(&taken).filter(|&(_, &taken)| taken == side).map(|(&id, _)| id).collect()
            };
            TripleSet {
                heads: pick(&self.heads),
                relations: pick(&self.relations),
                tails: pick(&self.tails),
                ..self.empty_like()
            }
        };
        (part(false), part(true))
    }

    /// The same heads and relations with other tails.
    ///
    /// # Panics
    /// If there are not as many tails, or one is no entity.
    pub(crate) fn with_tails(&self, tails: Vec<u32>) -> TripleSet {
        assert_eq!(tails.len(), self.len(), "a tail for each triple");
        assert!(tails.iter().all(|&tail| (tail as usize) < self.entity_count), "tails are entities");
        TripleSet { tails, ..self.clone() }
    }

    /// The triples at `places`, in that order.
    pub(super) fn subset(&self, places: &[u32]) -> TripleSet {
        let pick = |column: &[u32]| places.iter().map(|&at| column[at as usize]).collect();
        TripleSet {
            heads: pick(&self.heads),
            relations: pick(&self.relations),
            tails: pick(&self.tails),
            ..self.empty_like()
        }
    }

    fn empty_like(&self) -> TripleSet {
        let (entity_count, relation_count) = (self.entity_count, self.relation_count);
        TripleSet { heads: Vec::new(), relations: Vec::new(), tails: Vec::new(), entity_count, relation_count }
    }
}

/// The answers to one side's questions: for each `(relation, given entity)` the entities that are known to be true.
#[derive(Debug, Clone, Default)]
struct Answers {
    /// Where the questions of each relation start in `given`, and the end.
    relations: Vec<u32>,
    /// The given entity of each question; ascending within a relation.
    given: Vec<u32>,
    /// Where each question starts in `answers`, and the end.
    starts: Vec<u32>,
    /// Ascending and distinct within a question.
    answers: Vec<u32>,
}

impl Answers {
    fn new(sets: &[&TripleSet], asked: Side) -> Answers {
        let mut rows: Vec<[u32; 3]> = Vec::with_capacity(sets.iter().map(|set| set.len()).sum());
        for set in sets {
            rows.extend((0..set.len()).map(|at| [set.relations[at], set.given(at, asked), set.answer(at, asked)]));
        }
        rows.par_sort_unstable();
        rows.dedup();
        let same = |a: &[u32; 3], b: &[u32; 3]| a[..2] == b[..2];
        let questions = rows.chunk_by(same).count();
        let relation_count = sets.iter().map(|set| set.relation_count).max().unwrap_or_default();
        let mut index = Answers {
            relations: Vec::with_capacity(relation_count + 1),
            given: Vec::with_capacity(questions),
            starts: Vec::with_capacity(questions + 1),
            answers: rows.iter().map(|&[_, _, answer]| answer).collect(),
        };
        let mut start = 0;
        for question in rows.chunk_by(same) {
            let [relation, given, _] = question[0];
            index.relations.resize(relation as usize + 1, index.given.len() as u32);
            index.given.push(given);
            index.starts.push(start);
            start += question.len() as u32;
        }
        index.relations.resize(relation_count + 1, index.given.len() as u32);
        index.starts.push(start);
        index
    }

    /// The number of a question, if it has answers.
    fn number(&self, relation: u32, given: u32) -> Option<u32> {
        let start = *self.relations.get(relation as usize)?;
        let end = *self.relations.get(relation as usize + 1)?;
        let place = self.given[start as usize..end as usize].binary_search(&given).ok()?;
        Some(start + place as u32)
    }

    fn numbered(&self, number: u32) -> &[u32] {
        let at = number as usize;
        &self.answers[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}

/// All triples that are known to be true: what ranking passes over, and what is no corrupted triple.
#[derive(Debug, Clone, Default)]
pub struct KnownTriples {
    sides: [Answers; 2],
}

impl KnownTriples {
    /// Indexes the triples of all sets together: for the filtered protocol, those of training, validation and test.
    /// Takes at most 24 bytes a triple, 12 more while it sorts; sorts on the threads of the current pool.
    ///
    /// # Errors
    /// [`KgeError::TooMany`] for more than 2^32 - 2 triples.
    pub fn new(sets: &[&TripleSet]) -> Result<KnownTriples, KgeError> {
        let count = sets.iter().map(|set| set.len()).sum();
        let limit = u32::MAX as usize - 1;
        if count > limit {
            return Err(KgeError::TooMany { what: "triples", count, limit });
        }
        Ok(KnownTriples { sides: Side::BOTH.map(|asked| Answers::new(sets, asked)) })
    }

    /// Known heads of `(?, relation, tail)`, ascending.
    pub fn heads(&self, relation: u32, tail: u32) -> &[u32] {
        self.answers(Side::Head, relation, tail)
    }

    /// Known tails of `(head, relation, ?)`, ascending.
    pub fn tails(&self, head: u32, relation: u32) -> &[u32] {
        self.answers(Side::Tail, relation, head)
    }

    /// Whether a triple is known.
    pub fn contains(&self, head: u32, relation: u32, tail: u32) -> bool {
        self.tails(head, relation).binary_search(&tail).is_ok()
    }

    /// Known answers on one side, ascending.
    pub fn answers(&self, asked: Side, relation: u32, given: u32) -> &[u32] {
        let side = &self.sides[asked.index()];
        side.number(relation, given).map_or(&[], |number| side.numbered(number))
    }

    /// Indexes the triples of all sets by one side.
    pub(crate) fn index(&mut self, asked: Side, sets: &[&TripleSet]) {
        self.sides[asked.index()] = Answers::new(sets, asked);
    }

    /// Whether one side is indexed.
    pub(super) fn has(&self, asked: Side) -> bool {
        !self.sides[asked.index()].starts.is_empty()
    }

    /// For each triple the number of its question on one side; every triple must be known.
    pub(super) fn question_numbers(&self, triples: &TripleSet, asked: Side) -> Vec<u32> {
        let side = &self.sides[asked.index()];
        let number = |at: usize| side.number(triples.relations[at], triples.given(at, asked)).unwrap_or_default();
        (0..triples.len()).into_par_iter().map(number).collect()
    }

    /// Known answers to a numbered question, as their places.
    pub(super) fn numbered(&self, asked: Side, number: u32) -> Range<u32> {
        let starts = &self.sides[asked.index()].starts;
        starts[number as usize]..starts[number as usize + 1]
    }

    /// The answers at some places.
    pub(super) fn at(&self, asked: Side, places: &Range<u32>) -> &[u32] {
        &self.sides[asked.index()].answers[places.start as usize..places.end as usize]
    }
}

/// What each relation has on each side: the entities for type-constrained corruption, and how many there are per entity
/// of the other side.
#[derive(Debug, Clone)]
pub(super) struct RelationSides {
    /// Per side: where the entities of each relation start in `entities`, and the end.
    starts: [Vec<u32>; 2],
    /// Per side: entities by relation, ascending and distinct.
    entities: [Vec<u32>; 2],
    /// Probability that the head is the side to corrupt (Wang et al. 2014), by relation.
    pub corrupt_head: Vec<f32>,
}

impl RelationSides {
    pub(super) fn new(triples: &TripleSet) -> RelationSides {
        let (mut starts, mut entities) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for side in Side::BOTH {
            let pair = |at: usize| (triples.relations[at], triples.answer(at, side));
            let mut pairs: Vec<(u32, u32)> = (0..triples.len()).map(pair).collect();
            pairs.par_sort_unstable();
            pairs.dedup();
            let of_relation = |id: usize| pairs.partition_point(|&(relation, _)| (relation as usize) < id) as u32;
            starts[side.index()] = (0..=triples.relation_count).map(of_relation).collect();
            entities[side.index()] = pairs.into_iter().map(|(_, entity)| entity).collect();
        }
        // tph = triples / heads and hpt = triples / tails, so tph / (tph + hpt) = tails / (tails + heads).
        let corrupt_head = (0..triples.relation_count)
            .map(|relation| {
                let [heads, tails] = [0, 1].map(|side: usize| starts[side][relation + 1] - starts[side][relation]);
                if heads + tails == 0 { 0.5 } else { tails as f32 / (heads + tails) as f32 }
            })
            .collect();
        RelationSides { starts, entities, corrupt_head }
    }

    /// Entities that a relation has on a side, ascending.
    pub(super) fn of(&self, relation: u32, side: Side) -> &[u32] {
        let (starts, relation) = (&self.starts[side.index()], relation as usize);
        &self.entities[side.index()][starts[relation] as usize..starts[relation + 1] as usize]
    }
}
