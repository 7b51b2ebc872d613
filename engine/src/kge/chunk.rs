//! One chunk of training: positives, their corrupted triples, gradients, and the steps.

#[cfg(test)]
mod gradients;

use super::activation::{Activation, FUSED};
use super::comparison::Scratch;
use super::config::{Corruption, EntityConstraint, KgeConfig, Loss, Regularizer};
use super::loss::{LossRule, MASKED};
use super::model::{Model, ModelKind};
use super::sampling;
use super::shared::{Shared, near};
use super::simd::{add_scaled, dot};
use super::slots::Slots;
use super::triples::{KnownTriples, RelationSides, Side, TripleSet};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::ops::Range;

/// A vector longer than this is on its way to infinity. Its square is still far from the largest float.
const MAX_LENGTH: f32 = 1e6;
/// The numbers of TransR's matrices take this part of a step, divided by `dim`: as many of them add up in a number of an
/// image, and whole first steps of Adagrad would be as long as the rows of the identity, from which they start.
const MATRIX_STEP: f32 = 6.0;
/// Rows are asked for so many rows before they are needed.
const ROWS_AHEAD: usize = 6;
/// Known answers are looked up one by one unless there are this many times more of them than corrupting entities.
const LONG_LIST: usize = 16;

/// What is known to be true, with the number of each training triple's questions.
#[derive(Debug, Default)]
pub(super) struct Filter {
    pub known: KnownTriples,
    pub questions: [Vec<u32>; 2],
}

/// A table that is trained: rows of numbers, and the optimiser's state of each row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    pub rows: Shared<'a>,
    /// Numbers per row. TransH and TransR, while they are trained as TransE, use only the first ones.
    pub width: usize,
    /// Numbers of a row that share an accumulator of [`RowAdagrad`](super::config::Optimizer::RowAdagrad).
    pub segment: usize,
    /// Where in a row the matrix of TransR starts.
    pub matrix_start: usize,
    pub state: Shared<'a>,
    /// Rows below this number do not move.
    pub frozen: usize,
}

/// All that the chunks of an epoch have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task<'a> {
    pub config: &'a KgeConfig,
    pub model: &'a dyn Model,
    pub triples: &'a TripleSet,
    pub filter: Option<&'a Filter>,
    pub sides: Option<&'a RelationSides>,
    pub entities: Table<'a>,
    pub relations: Table<'a>,
    /// Weights of the mixture of activations.
    pub fusion: [f32; FUSED],
}

/// What a chunk has come to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ChunkLoss {
    /// Sum of the losses of all positives and corrupted sides.
    pub sum: f64,
    /// Their number.
    pub terms: u64,
}

/// A row would not have been finite, or is much too long: nothing of it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Diverged;

/// The buffers of one thread.
#[derive(Debug)]
pub(super) struct Worker {
    slots: Slots,
    relation_slots: Slots,
    heads: Vec<u32>,
    tails: Vec<u32>,
    relations: Vec<u32>,
    /// By side, for each positive: where its known answers are.
    known: [Vec<Range<u32>>; 2],
    /// Of both sides, or by side if corruption is type-constrained.
    negatives: [Slots; 2],
    /// Bit by entity: whether it corrupts. Faster to ask than `negatives`.
    is_negative: Vec<u64>,
    /// Rows of entities, as read.
    entity_rows: Vec<f32>,
    /// What the model compares: the rows, or their projections.
    points: Vec<f32>,
    d_points: Vec<f32>,
    d_entities: Vec<f32>,
    relation_rows: Vec<f32>,
    prepared: Vec<f32>,
    d_relations: Vec<f32>,
    queries: Vec<f32>,
    d_queries: Vec<f32>,
    candidates: Vec<f32>,
    d_candidates: Vec<f32>,
    scores: Vec<f32>,
    raw: Vec<f32>,
    weights: Vec<f32>,
    /// Places in the chunk that are corrupted on the side at hand.
    members: Vec<u32>,
    /// Per place in the chunk, whether its head is corrupted, where only one side is.
    corrupt_head: Vec<bool>,
    d_fusion: [f32; FUSED],
    scratch: Scratch,
    sums: Vec<f32>,
    row: Vec<f32>,
    row_state: Vec<f32>,
}

fn zeroed(numbers: &mut Vec<f32>, len: usize) {
    numbers.clear();
    numbers.resize(len, 0.0);
}

impl Worker {
    pub(super) fn new(config: &KgeConfig, triples: &TripleSet) -> Worker {
        let entities = triples.entity_count();
        let negatives = config.negatives.min(entities);
        let capacity = Worker::entity_rows(config, entities);
        Worker {
            slots: Slots::new(capacity),
            relation_slots: Slots::new(config.chunk.min(triples.relation_count().max(1))),
            heads: Vec::new(),
            tails: Vec::new(),
            relations: Vec::new(),
            known: [Vec::new(), Vec::new()],
            negatives: [Slots::new(negatives), Slots::new(negatives)],
            is_negative: vec![0; entities.div_ceil(64)],
            entity_rows: Vec::new(),
            points: Vec::new(),
            d_points: Vec::new(),
            d_entities: Vec::new(),
            relation_rows: Vec::new(),
            prepared: Vec::new(),
            d_relations: Vec::new(),
            queries: Vec::new(),
            d_queries: Vec::new(),
            candidates: Vec::new(),
            d_candidates: Vec::new(),
            scores: Vec::new(),
            raw: Vec::new(),
            weights: Vec::new(),
            members: Vec::new(),
            corrupt_head: Vec::new(),
            d_fusion: [0.0; FUSED],
            scratch: Scratch::default(),
            sums: Vec::new(),
            row: Vec::new(),
            row_state: Vec::new(),
        }
    }

    /// Computes the gradients of a chunk, given as places in the triples. If the model projects or corruption is
    /// type-constrained, they have one relation.
    pub(super) fn compute(&mut self, task: &Task, chunk: &[u32], rng: &mut Xoshiro256PlusPlus) -> ChunkLoss {
        self.collect(task, chunk, rng);
        self.read_rows(task);
        self.d_fusion = [0.0; FUSED];
        let mut loss = ChunkLoss::default();
        for side in Side::BOTH {
            let of_side = self.compute_side(task, chunk, side);
            loss.sum += of_side.sum;
            loss.terms += of_side.terms;
        }
        if task.model.projects() {
            let dim = task.model.dim();
            zeroed(&mut self.d_entities, self.slots.ids().len() * dim);
            let (relation, d_relation) = (&self.prepared, &mut self.d_relations);
            let (points, gradients) = (&self.entity_rows, &mut self.d_entities);
            task.model.project_backward(relation, points, &self.d_points, gradients, d_relation);
        } else {
            std::mem::swap(&mut self.d_entities, &mut self.d_points);
        }
        if task.config.regularization > 0.0 {
            loss.sum += self.penalize(task);
        }
        loss
    }

    /// Entities, relations and corrupting entities of the chunk.
    fn collect(&mut self, task: &Task, chunk: &[u32], rng: &mut Xoshiro256PlusPlus) {
        let (triples, config) = (task.triples, task.config);
        self.slots.clear();
        self.relation_slots.clear();
        self.corrupt_head.clear();
        // Triples are far from each other: their numbers are read in loops in which no step waits for the one before.
        let read = |column: &[u32], to: &mut Vec<u32>| {
            to.clear();
            to.extend(chunk.iter().map(|&at| column[at as usize]));
        };
        read(triples.heads(), &mut self.heads);
        read(triples.relations(), &mut self.relations);
        read(triples.tails(), &mut self.tails);
        if let Some(filter) = task.filter {
            for (side, known) in Side::BOTH.into_iter().zip(&mut self.known) {
                let questions = &filter.questions[side.index()];
                known.clear();
                known.extend(chunk.iter().map(|&at| filter.known.numbered(side, questions[at as usize])));
                known.iter().for_each(|places| near(filter.known.at(side, places).as_ptr()));
            }
        }
        for relation in &mut self.relations {
            let probability = match (config.corruption, task.sides) {
                (Corruption::Bernoulli, Some(sides)) => sides.corrupt_head[*relation as usize],
                _ => 0.5,
            };
            if config.corruption != Corruption::Both {
                self.corrupt_head.push(sampling::unit(rng) < probability);
            }
            *relation = self.relation_slots.insert(*relation).0;
        }
        for entity in self.heads.iter_mut().chain(&mut self.tails) {
            *entity = self.slots.insert(*entity).0;
        }
        for (side, negatives) in Side::BOTH.into_iter().zip(&mut self.negatives) {
            let pool = negatives_of(task, chunk, side);
            draw(negatives, config.negatives, triples.entity_count(), pool, rng);
            for &entity in negatives.ids() {
                self.slots.insert(entity);
            }
            if pool.is_none() {
                break;
            }
        }
    }

    /// Copies the rows that the chunk needs.
    fn read_rows(&mut self, task: &Task) {
        let (model, dim) = (task.model, task.model.dim());
        self.entity_rows.resize(self.slots.ids().len() * dim, 0.0);
        let mut ahead = self.slots.ids().iter().skip(ROWS_AHEAD);
        for (row, &entity) in self.entity_rows.chunks_exact_mut(dim).zip(self.slots.ids()) {
            if let Some(&entity) = ahead.next() {
                task.entities.rows.prefetch(entity as usize * task.entities.width, dim);
            }
            task.entities.rows.read(entity as usize * task.entities.width, row);
        }
        let (width, prepared_width) = (model.relation_width(), model.prepared_width());
        let relations = self.relation_slots.ids();
        self.relation_rows.resize(relations.len() * width, 0.0);
        self.prepared.resize(relations.len() * prepared_width, 0.0);
        let prepared = self.prepared.chunks_exact_mut(prepared_width);
        for ((row, prepared), &relation) in self.relation_rows.chunks_exact_mut(width).zip(prepared).zip(relations) {
            task.relations.rows.read(relation as usize * task.relations.width, row);
            model.prepare(row, prepared);
        }
        zeroed(&mut self.d_relations, relations.len() * width);
        if model.projects() {
            self.points.resize(self.entity_rows.len(), 0.0);
            model.project(&self.prepared, &self.entity_rows, &mut self.points);
        }
        zeroed(&mut self.d_points, self.entity_rows.len());
    }

    /// Corrupts one side: adds to the gradients by points and relations.
    fn compute_side(&mut self, task: &Task, chunk: &[u32], asked: Side) -> ChunkLoss {
        let (model, dim, comparison) = (task.model, task.model.dim(), task.model.comparison());
        let (width, prepared_width) = (model.relation_width(), model.prepared_width());
        let points = if model.projects() { &self.points } else { &self.entity_rows };
        let (given, answers) = match asked {
            Side::Head => (&self.tails, &self.heads),
            Side::Tail => (&self.heads, &self.tails),
        };
        let point = |slot: u32| slot as usize * dim..(slot as usize + 1) * dim;
        self.members.clear();
        let is_member =
            |&at: &u32| self.corrupt_head.get(at as usize).is_none_or(|&head| head == (asked == Side::Head));
        self.members.extend((0..chunk.len() as u32).filter(is_member));

        self.queries.resize(self.members.len() * dim, 0.0);
        for (query, &member) in self.queries.chunks_exact_mut(dim).zip(&self.members) {
            let member = member as usize;
            let relation = &self.prepared[self.relations[member] as usize * prepared_width..][..prepared_width];
            model.query(asked, &points[point(given[member])], relation, query);
        }
        let negatives = &self.negatives[if task.config.type_constrained { asked.index() } else { 0 }];
        let columns = negatives.ids().len();
        self.candidates.clear();
        for &entity in negatives.ids() {
            let slot = self.slots.get(entity).unwrap_or_default();
            self.candidates.extend_from_slice(&points[point(slot)]);
            self.is_negative[entity as usize / 64] |= 1 << (entity % 64);
        }
        self.scores.resize(self.members.len() * columns, 0.0);
        comparison.scores(&self.queries, &self.candidates, dim, &mut self.scratch, &mut self.scores);

        zeroed(&mut self.d_queries, self.queries.len());
        zeroed(&mut self.d_candidates, self.candidates.len());
        self.raw.resize(columns, 0.0);
        self.weights.resize(columns, 0.0);
        let rule = LossRule::new(task.config);
        let (activation, offset) = (task.config.activation, offset(task.config));
        // What all negatives have more in the loss, the positive has less: softmax sees differences only.
        let stands_for = if task.config.loss == Loss::SampledSoftmax && columns > 0 {
            (negatives_of(task, chunk, asked).map_or(task.triples.entity_count(), <[u32]>::len) as f32 / columns as f32)
                .ln()
        } else {
            0.0
        };
        let mut masked = Vec::new();
        let mut loss = 0.0;
        for (index, &member) in self.members.iter().enumerate() {
            let row = &mut self.scores[index * columns..(index + 1) * columns];
            let query = &self.queries[index * dim..(index + 1) * dim];
            let answer = answers[member as usize];
            let score = comparison.score(query, &points[point(answer)]);

            self.raw.copy_from_slice(row);
            let at = chunk[member as usize] as usize;
            masked.clear();
            let own = [task.triples.answer(at, asked)];
            let known = match task.filter {
                Some(filter) => filter.known.at(asked, &self.known[asked.index()][member as usize]),
                None => &own,
            };
            mark_known(known, negatives, &self.is_negative, &mut masked);
            let positive = activation.log_odds(offset + score, &task.fusion);
            if activation == Activation::Identity {
                if offset != 0.0 {
                    row.iter_mut().for_each(|number| *number += offset);
                }
            } else {
                row.iter_mut().for_each(|number| *number = activation.log_odds(offset + *number, &task.fusion).value);
            }
            for &column in &masked {
                row[column as usize] = MASKED;
            }
            let found = rule.row(positive.value - stands_for, row, &mut self.weights);
            for &column in &masked {
                row[column as usize] = 0.0;
            }
            loss += f64::from(found.loss);
            if activation != Activation::Identity {
                add_scaled(&mut self.d_fusion, found.d_positive, &positive.by_weights);
                for (gradient, &raw) in row.iter_mut().zip(&self.raw) {
                    let odds = activation.log_odds(offset + raw, &task.fusion);
                    add_scaled(&mut self.d_fusion, *gradient, &odds.by_weights);
                    *gradient *= odds.slope;
                }
            }
            comparison.weigh(row, &self.raw);
            comparison.score_backward(
                query,
                &points[point(answer)],
                score,
                found.d_positive * positive.slope,
                &mut self.d_queries[index * dim..(index + 1) * dim],
                &mut self.d_points[point(answer)],
            );
        }
        comparison.backward(
            &self.queries,
            &self.candidates,
            dim,
            &self.scores,
            &mut self.sums,
            &mut self.d_queries,
            &mut self.d_candidates,
        );
        for (index, &member) in self.members.iter().enumerate() {
            let member = member as usize;
            let relation = self.relations[member] as usize;
            model.query_backward(
                asked,
                &points[point(given[member])],
                &self.prepared[relation * prepared_width..][..prepared_width],
                &self.queries[index * dim..(index + 1) * dim],
                &self.d_queries[index * dim..(index + 1) * dim],
                &mut self.d_points[point(given[member])],
                &mut self.d_relations[relation * width..][..width],
            );
        }
        for (gradient, &entity) in self.d_candidates.chunks_exact(dim).zip(negatives.ids()) {
            let slot = self.slots.get(entity).unwrap_or_default();
            add_scaled(&mut self.d_points[point(slot)], 1.0, gradient);
            self.is_negative[entity as usize / 64] = 0;
        }
        ChunkLoss { sum: loss, terms: self.members.len() as u64 }
    }

    /// Adds the penalty's gradient; the penalty.
    fn penalize(&mut self, task: &Task) -> f64 {
        let dim = task.model.dim();
        let (config, width) = (task.config, task.model.relation_width());
        let half = if config.model.is_complex() { Some(dim / 2) } else { None };
        // Angles have no length, and matrices should not shrink.
        let relation_vectors = match config.model {
            ModelKind::RotatE => 0,
            _ if config.reciprocal => 2,
            _ => 1,
        };
        let mut penalty = 0.0;
        for at in 0..self.heads.len() {
            for slot in [self.heads[at], self.tails[at]] {
                let range = slot as usize * dim..(slot as usize + 1) * dim;
                let (row, gradient) = (&self.entity_rows[range.clone()], &mut self.d_entities[range]);
                penalty += f64::from(regularize(config, half, row, gradient));
            }
            for vector in 0..relation_vectors {
                let start = self.relations[at] as usize * width + vector * dim;
                let (row, gradient) =
                    (&self.relation_rows[start..start + dim], &mut self.d_relations[start..start + dim]);
                penalty += f64::from(regularize(config, half, row, gradient));
            }
        }
        penalty
    }

    /// Takes the steps. What other threads have done to the rows meanwhile stays.
    pub(super) fn apply(&mut self, task: &Task, rate: f32) -> Result<(), Diverged> {
        let dim = task.model.dim();
        let constraint = task.config.entity_constraint;
        let mut ahead = self.slots.ids().iter().skip(ROWS_AHEAD);
        for (gradient, &entity) in self.d_entities.chunks_exact(dim).zip(self.slots.ids()) {
            if let Some(&entity) = ahead.next() {
                task.entities.rows.prefetch(entity as usize * task.entities.width, dim);
            }
            let constrain = |row: &mut [f32]| constrain_entity(constraint, row);
            move_row(task, task.entities, entity, gradient, rate, &mut self.row, &mut self.row_state, constrain)?;
        }
        let width = task.model.relation_width();
        for (gradient, &relation) in self.d_relations.chunks_exact(width).zip(self.relation_slots.ids()) {
            let constrain = |row: &mut [f32]| task.model.constrain_relation(row);
            move_row(task, task.relations, relation, gradient, rate, &mut self.row, &mut self.row_state, constrain)?;
        }
        Ok(())
    }

    /// The gradient by the weights of the mixture of activations.
    pub(super) fn d_fusion(&self) -> [f32; FUSED] {
        self.d_fusion
    }

    /// Entities of a chunk, at most.
    fn entity_rows(config: &KgeConfig, entities: usize) -> usize {
        let draws = if config.type_constrained { 2 } else { 1 };
        (2 * config.chunk + draws * config.negatives).min(entities.max(1))
    }

    /// Bytes of one worker's buffers.
    pub(super) fn memory_bytes(config: &KgeConfig, model: &dyn Model, entities: usize, relations: usize) -> usize {
        let dim = model.dim();
        let negatives = config.negatives.min(entities);
        let rows = Worker::entity_rows(config, entities);
        let one_relation = model.projects() || config.type_constrained;
        let relation_rows = if one_relation { 1 } else { config.chunk.min(relations) };
        let row_sets = if model.projects() { 4 } else { 3 };
        let numbers = row_sets * rows * dim
            + relation_rows * (2 * model.relation_width() + model.prepared_width())
            + 2 * (config.chunk + negatives) * dim
            + config.chunk * negatives
            + 3 * negatives
            + 4 * config.chunk;
        size_of::<f32>() * numbers
            + Slots::memory_bytes(rows)
            + Slots::memory_bytes(config.chunk.min(relations))
            + 2 * Slots::memory_bytes(negatives)
            + entities.div_ceil(64) * size_of::<u64>()
            + Scratch::memory_bytes(model.comparison(), config.chunk, negatives, dim)
    }
}

/// What is added to a score before activation and loss.
pub(super) fn offset(config: &KgeConfig) -> f32 {
    if config.model.is_distance() { config.margin } else { 0.0 }
}

/// The entities that corrupt a side of a chunk; `None` for all.
fn negatives_of<'a>(task: &Task<'a>, chunk: &[u32], side: Side) -> Option<&'a [u32]> {
    match (task.config.type_constrained, task.sides, chunk.first()) {
        (true, Some(sides), Some(&first)) => Some(sides.of(task.triples.relations()[first as usize], side)),
        _ => None,
    }
}

/// Draws up to `count` different entities, of the pool or else of all.
fn draw(negatives: &mut Slots, count: usize, entities: usize, pool: Option<&[u32]>, rng: &mut Xoshiro256PlusPlus) {
    negatives.clear();
    let available = pool.map_or(entities, <[u32]>::len);
    let entity = |index: usize| pool.map_or(index as u32, |pool| pool[index]);
    // Floyd's algorithm (Bentley & Floyd, CACM 30(9), 1987): every set of `count` is equally likely.
    for last in available - count.min(available)..available {
        let drawn = entity(sampling::below(rng, last + 1));
        if !negatives.insert(drawn).1 {
            negatives.insert(entity(last));
        }
    }
}

/// Finds the corrupting entities among those that are known to be true.
fn mark_known(known: &[u32], negatives: &Slots, is_negative: &[u64], masked: &mut Vec<u32>) {
    if known.len() > LONG_LIST * negatives.ids().len() {
        let column = |(entity, column): (&u32, u32)| known.binary_search(entity).is_ok().then_some(column);
        masked.extend(negatives.ids().iter().zip(0..).filter_map(column));
    } else {
        for &entity in known {
            if is_negative[entity as usize / 64] >> (entity % 64) & 1 == 1 {
                masked.extend(negatives.get(entity));
            }
        }
    }
}

/// The penalty on one vector; adds its gradient. `half` is where imaginary parts start, if there are any.
fn regularize(config: &KgeConfig, half: Option<usize>, row: &[f32], gradient: &mut [f32]) -> f32 {
    let weight = config.regularization;
    match (config.regularizer, half) {
        (Regularizer::L2, _) => {
            add_scaled(gradient, weight, row);
            0.5 * weight * dot(row, row)
        }
        (Regularizer::N3, None) => {
            let mut sum = 0.0;
            for (number, gradient) in row.iter().zip(gradient) {
                *gradient += weight * number.abs() * number;
                sum += number.abs() * number * number;
            }
            weight * sum / 3.0
        }
        (Regularizer::N3, Some(half)) => {
            let mut sum = 0.0;
            for i in 0..half.min(row.len() / 2) {
                let square = row[i] * row[i] + row[half + i] * row[half + i];
                let modulus = square.sqrt();
                gradient[i] += weight * modulus * row[i];
                gradient[half + i] += weight * modulus * row[half + i];
                sum += modulus * square;
            }
            weight * sum / 3.0
        }
    }
}

/// Holds an entity vector to its constraint.
pub(super) fn constrain_entity(constraint: EntityConstraint, row: &mut [f32]) {
    if constraint == EntityConstraint::None {
        return;
    }
    let length = dot(row, row).sqrt();
    if length > 1.0 || (constraint == EntityConstraint::Sphere && length > 0.0) {
        row.iter_mut().for_each(|number| *number /= length);
    }
}

/// One step of one row.
#[allow(clippy::too_many_arguments)]
fn move_row(
    task: &Task,
    table: Table,
    id: u32,
    gradient: &[f32],
    rate: f32,
    row: &mut Vec<f32>,
    state: &mut Vec<f32>,
    constrain: impl Fn(&mut [f32]),
) -> Result<(), Diverged> {
    let id = id as usize;
    if id < table.frozen {
        return Ok(());
    }
    let (optimizer, segment) = (task.config.optimizer, table.segment);
    let state_start = id * optimizer.state_width(table.width, segment);
    row.resize(gradient.len(), 0.0);
    state.resize(optimizer.state_width(gradient.len(), segment), 0.0);
    table.rows.read(id * table.width, row);
    let matrix = row.get(table.matrix_start..).unwrap_or_default().to_vec();
    table.state.read(state_start, state);
    optimizer.step(rate, segment, gradient, row, state);
    let part = (MATRIX_STEP / task.model.dim() as f32).min(1.0);
    for (number, before) in row.iter_mut().skip(table.matrix_start).zip(matrix) {
        *number = before + part * (*number - before);
    }
    constrain(row);
    let square = dot(row, row);
    let allowed = MAX_LENGTH * MAX_LENGTH;
    if square.is_nan() || square >= allowed || state.iter().any(|number| !number.is_finite()) {
        return Err(Diverged);
    }
    table.rows.write(id * table.width, row);
    table.state.write(state_start, state);
    Ok(())
}
