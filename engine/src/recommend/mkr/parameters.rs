//! Everything that is learned, as plain arrays.

use super::config::MkrConfig;
use super::cross_compress::VECTORS;
use super::data::Rows;
use super::dense::Dense;
use super::error::MkrError;
use crate::kge::sampling::{self, Use};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::ops::Range;

/// Functions in the mixture that is the probability: sigmoid, `(1 + tanh) / 2`, `(1 + softsign) / 2`.
pub const PREDICTIONS: usize = 3;
/// Functions in the mixture that is the plausibility of a triple: these, and `1 - exp(-softplus)`.
pub const ACTIVATIONS: usize = 4;

/// What has to be known to read [`MkrParameters`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MkrShape {
    /// Numbers per vector.
    pub dim: usize,
    /// Low layers.
    pub cross_depth: usize,
    /// High layers.
    pub high_depth: usize,
    /// Without cross & compress units.
    pub no_cross: bool,
    /// Plausibility by the sigmoid alone.
    pub single_activation: bool,
    /// Probability by the sigmoid alone.
    pub single_pred: bool,
    /// Rows of the table of users.
    pub users: usize,
    /// Items, which are the first rows of their table.
    pub items: usize,
    /// Rows of the table of items: behind the items, entities that head triples without being items.
    pub item_rows: usize,
    /// Rows of the table of entities: behind the entities, partners of items that are no entities.
    pub entity_rows: usize,
    /// Rows of the table of relations.
    pub relations: usize,
}

impl MkrShape {
    pub(super) fn new(config: &MkrConfig, rows: &Rows, users: usize, relations: usize) -> MkrShape {
        MkrShape {
            dim: config.dim,
            cross_depth: config.cross_depth,
            high_depth: config.high_depth,
            no_cross: config.no_cross,
            single_activation: config.single_activation,
            single_pred: config.single_pred,
            users,
            items: rows.entity_of_item.len(),
            item_rows: rows.item_rows,
            entity_rows: rows.entity_rows,
            relations,
        }
    }

    /// Numbers of each array of [`MkrParameters`], in their order.
    pub fn lengths(&self) -> [usize; 5] {
        let table = |rows: usize| rows.saturating_mul(self.dim);
        [
            table(self.users),
            table(self.item_rows),
            table(self.entity_rows),
            table(self.relations),
            Layout::new(self).len,
        ]
    }
}

/// Vectors and weights, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct MkrParameters {
    /// `users * dim` numbers.
    pub users: Vec<f32>,
    /// `item_rows * dim` numbers.
    pub items: Vec<f32>,
    /// `entity_rows * dim` numbers.
    pub entities: Vec<f32>,
    /// `relations * dim` numbers.
    pub relations: Vec<f32>,
    /// Weights of the layers, in this order. A dense layer is a matrix, one row per input, and then its biases.
    ///
    /// 1. `cross_depth` layers of users, `dim` to `dim`.
    /// 2. With a `high_depth` H over 1, H - 1 layers `2 dim` to `2 dim` and one `2 dim` to 1.
    /// 3. Three logits of the mixture of predictions.
    /// 4. `cross_depth` units of `w_vv`, `w_ev`, `b_v`, `w_ee`, `w_ve`, `b_e`, unless `no_cross`.
    /// 5. `cross_depth` layers of tails, `dim` to `dim`.
    /// 6. H - 1 layers `2 dim` to `2 dim` and one `2 dim` to `dim`.
    /// 7. Four logits of the mixture of activations.
    pub shared: Vec<f32>,
}

impl MkrParameters {
    /// Puts arrays together that [`arrays`](Self::arrays) gave.
    pub fn of_arrays(mut array: impl FnMut(&str) -> Vec<f32>) -> MkrParameters {
        MkrParameters {
            users: array("users"),
            items: array("items"),
            entities: array("entities"),
            relations: array("relations"),
            shared: array("shared"),
        }
    }

    /// The arrays by name.
    pub fn arrays(&self) -> [(&'static str, &[f32]); 5] {
        [
            ("users", &self.users),
            ("items", &self.items),
            ("entities", &self.entities),
            ("relations", &self.relations),
            ("shared", &self.shared),
        ]
    }

    /// Checks lengths and numbers.
    pub(super) fn check(&self, shape: &MkrShape) -> Result<(), MkrError> {
        self.check_lengths(shape)?;
        for (what, numbers) in self.arrays() {
            if let Some(place) = numbers.iter().position(|number| !number.is_finite()) {
                return Err(MkrError::NotFinite { what, place });
            }
        }
        Ok(())
    }

    pub(super) fn check_lengths(&self, shape: &MkrShape) -> Result<(), MkrError> {
        for ((what, numbers), expected) in self.arrays().into_iter().zip(shape.lengths()) {
            if numbers.len() != expected {
                return Err(MkrError::WrongLength { what, actual: numbers.len(), expected });
            }
        }
        Ok(())
    }

    pub(super) fn copy_from(&mut self, other: &MkrParameters) {
        self.users.copy_from_slice(&other.users);
        self.items.copy_from_slice(&other.items);
        self.entities.copy_from_slice(&other.entities);
        self.relations.copy_from_slice(&other.relations);
        self.shared.copy_from_slice(&other.shared);
    }

    /// First numbers. See [`start_cross`] for how they keep cross & compress from erasing what goes in.
    pub(super) fn start(shape: &MkrShape, config: &MkrConfig) -> MkrParameters {
        let layout = Layout::new(shape);
        let dim = shape.dim;
        // The variance of a uniform number is a third of the square of its half-width.
        let half_width = config.init_scale * (3.0 / dim as f32).sqrt();
        let table = |rows: usize, number: u64| {
            let mut rng = sampling::stream(config.seed, Use::JointTables, number, 0);
            (0..rows * dim).map(|_| sampling::symmetric(&mut rng, half_width)).collect::<Vec<f32>>()
        };
        let mut parameters = MkrParameters {
            users: table(shape.users, 0),
            items: table(shape.item_rows, 1),
            entities: table(shape.entity_rows, 2),
            relations: table(shape.relations, 3),
            shared: vec![0.0; layout.len],
        };
        let mut rng = sampling::stream(config.seed, Use::JointWeights, 0, 0);
        for layer in layout.dense() {
            start_dense(layer, &mut parameters.shared, &mut rng);
        }
        for unit in parameters.shared[layout.cross.clone()].chunks_exact_mut(2 * VECTORS * dim) {
            start_cross(unit, dim, &mut rng);
        }
        parameters
    }
}

/// Uniform with variance 2 / inputs before a rectifier (He et al. 2015), 1 / inputs elsewhere. Biases are 0.
fn start_dense(layer: Layer, shared: &mut [f32], rng: &mut Xoshiro256PlusPlus) {
    let Layer { dense, start } = layer;
    let gain = if dense.is_rectified { 6.0 } else { 3.0 };
    let half_width = (gain / dense.inputs as f32).sqrt();
    for number in &mut shared[start..start + dense.inputs * dense.outputs] {
        *number = sampling::symmetric(rng, half_width);
    }
}

/// Uniform with variance 1, so that rows of length 1 come out with length about 1: `e·w` has variance `|e|²`.
fn start_cross(unit: &mut [f32], dim: usize, rng: &mut Xoshiro256PlusPlus) {
    for half in unit.chunks_exact_mut(VECTORS * dim) {
        for number in &mut half[..2 * dim] {
            *number = sampling::symmetric(rng, 3.0_f32.sqrt());
        }
    }
}

/// A dense layer and the place of its weights among the shared ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layer {
    pub dense: Dense,
    pub start: usize,
}

/// Where the weights are in [`MkrParameters::shared`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub user_layers: Vec<Layer>,
    pub rec_head: Vec<Layer>,
    pub predictions: Range<usize>,
    pub cross: Range<usize>,
    pub tail_layers: Vec<Layer>,
    pub kge_head: Vec<Layer>,
    pub activations: Range<usize>,
    pub len: usize,
}

impl Layout {
    pub(super) fn new(shape: &MkrShape) -> Layout {
        let (dim, mut len) = (shape.dim, 0);
        fn take(len: &mut usize, count: usize) -> Range<usize> {
            let start = *len;
            *len += count;
            start..*len
        }
        let stack = |len: &mut usize, count: usize, width: usize, last: Option<usize>| {
            let mut layers = Vec::new();
            let inner = (0..count).map(|_| Dense { inputs: width, outputs: width, is_rectified: true });
            let last = last.map(|outputs| Dense { inputs: width, outputs, is_rectified: false });
            for dense in inner.chain(last) {
                layers.push(Layer { dense, start: take(len, dense.len()).start });
            }
            layers
        };
        let high = shape.high_depth.saturating_sub(1);
        let units = if shape.no_cross { 0 } else { shape.cross_depth };
        let user_layers = stack(&mut len, shape.cross_depth, dim, None);
        let rec_head = stack(&mut len, high, 2 * dim, (high > 0).then_some(1));
        let predictions = take(&mut len, PREDICTIONS);
        let cross = take(&mut len, units * 2 * VECTORS * dim);
        let tail_layers = stack(&mut len, shape.cross_depth, dim, None);
        let kge_head = stack(&mut len, high, 2 * dim, Some(dim));
        let activations = take(&mut len, ACTIVATIONS);
        Layout { user_layers, rec_head, predictions, cross, tail_layers, kge_head, activations, len }
    }

    /// Weights that the recommendation task trains.
    pub(super) fn of_rec(&self) -> Range<usize> {
        0..self.cross.end
    }

    /// Weights that the embedding task trains.
    pub(super) fn of_kge(&self) -> Range<usize> {
        self.cross.start..self.len
    }

    fn dense(&self) -> impl Iterator<Item = Layer> {
        let stacks = [&self.user_layers, &self.rec_head, &self.tail_layers, &self.kge_head];
        stacks.into_iter().flatten().copied()
    }

    /// The weights in a range that are penalised: neither biases nor logits.
    pub(super) fn penalised(&self, within: &Range<usize>, dim: usize) -> Vec<Range<usize>> {
        let matrices = self.dense().map(|layer| layer.start..layer.start + layer.dense.inputs * layer.dense.outputs);
        let halves = self.cross.clone().step_by(VECTORS * dim).map(|start| start..start + 2 * dim);
        let all = matrices.chain(halves);
        all.filter(|range| within.start <= range.start && range.end <= within.end).collect()
    }
}
