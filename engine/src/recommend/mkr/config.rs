//! The parameters of the joint training.

use super::error::MkrError;
use crate::choice::named_choice;

/// Numbers per vector, of users, items, entities and relations alike: cross & compress needs one width.
pub const DEFAULT_DIM: usize = 32;
/// The largest `dim`.
pub const MAX_DIM: usize = 1024;
/// Low layers: dense layers of users and tails, cross & compress units of items.
pub const DEFAULT_CROSS_DEPTH: usize = 1;
/// High layers: 1 for the inner product.
pub const DEFAULT_HIGH_DEPTH: usize = 1;
/// The largest depth.
pub const MAX_DEPTH: usize = 8;
/// Passes over the interactions, at most.
pub const DEFAULT_EPOCHS: u32 = 30;
/// Rows or triples of one update.
pub const DEFAULT_BATCH_SIZE: usize = 256;
/// The largest `batch_size`.
pub const MAX_BATCH_SIZE: usize = 65_536;
/// Step size of the recommendation task.
pub const DEFAULT_LR_REC: f32 = 1e-3;
/// Step size of the embedding task.
pub const DEFAULT_LR_KGE: f32 = 2e-4;
/// Weight of the embedding task's loss.
pub const DEFAULT_KGE_WEIGHT: f32 = 1.0;
/// Weight of the squared lengths.
pub const DEFAULT_L2: f32 = 3e-4;
/// Corrupted triples per true one.
pub const DEFAULT_KGE_NEGATIVES: usize = 1;
/// The largest `kge_negatives`.
pub const MAX_KGE_NEGATIVES: usize = 64;
/// First vectors have about this length. Much shorter ones can stay at 0 for good: a score is a product of all of them.
pub const DEFAULT_INIT_SCALE: f32 = 0.3;
/// Validation runs without a new best before training stops.
pub const DEFAULT_PATIENCE: u32 = 5;
/// 1 GiB.
pub const DEFAULT_MEMORY_LIMIT: usize = 1 << 30;

/// When the embedding task gets its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KgeInterval {
    /// A whole pass over the triples after every so many epochs, as in MKR's code.
    Epochs(u32),
    /// One batch of triples after every so many batches of interactions, as in MKR's paper.
    Steps(u32),
}

impl Default for KgeInterval {
    /// Every second epoch: MKR's setting for music.
    fn default() -> Self {
        KgeInterval::Epochs(2)
    }
}

named_choice! {
    "selection"
    /// Which figure of the validation rows says what is best.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Selection {
        /// The mean, over users with both labels, of the area under the curve among the user's own rows. What is known
        /// about users as such cannot raise it.
        #[default]
        PerUserAuc = "per_user_auc",
        /// The area under the curve over all rows.
        PooledAuc = "pooled_auc",
    }
}

/// How to train jointly.
#[derive(Debug, Clone, PartialEq)]
pub struct MkrConfig {
    /// Numbers per vector, in `1..=`[`MAX_DIM`].
    pub dim: usize,
    /// Low layers `L`, in `1..=`[`MAX_DEPTH`].
    pub cross_depth: usize,
    /// High layers `H`, in `1..=`[`MAX_DEPTH`]. At 1, a score is an inner product, and the predicted tail one linear layer;
    /// above, `H - 1` dense layers come first in both.
    pub high_depth: usize,
    /// Passes over the interactions, at least 1.
    pub epochs: u32,
    /// Interactions or triples of one update, in `1..=`[`MAX_BATCH_SIZE`].
    pub batch_size: usize,
    /// Step size of the recommendation task's optimiser; finite, over 0.
    pub lr_rec: f32,
    /// Step size of the embedding task's optimiser; finite, over 0.
    pub lr_kge: f32,
    /// λ1, by which the embedding task's loss is multiplied; finite, at least 0. The two tasks have optimisers of their
    /// own, and Adam's steps do not depend on the scale of a loss: what it does is to weigh the loss against `l2`.
    pub kge_weight: f32,
    /// λ2: half of it times the squared length of every vector that a batch touches and of the task's weights is added to
    /// the mean loss of the batch. Biases and the weights of mixtures are not penalised. Finite, at least 0.
    pub l2: f32,
    /// When the embedding task gets its turn.
    pub kge_interval: KgeInterval,
    /// Corrupted triples per true one, in `1..=`[`MAX_KGE_NEGATIVES`]. Their tails are drawn among the tails of the relation,
    /// and are not known to be true.
    pub kge_negatives: usize,
    /// Ablation: items and entities pass the low layers unchanged, so that the two tasks share nothing.
    pub no_cross: bool,
    /// Ablation: the score of a triple goes through the sigmoid alone.
    pub single_activation: bool,
    /// Ablation: the probability is the sigmoid alone.
    pub single_pred: bool,
    /// Ablation: the embedding task is left out. Entity vectors are then learned from the interactions alone.
    pub no_kge: bool,
    /// First vectors are uniform with about this length; finite, over 0.
    pub init_scale: f32,
    /// What is best.
    pub selection: Selection,
    /// Epochs between validation runs, at least 1.
    pub validate_every: u32,
    /// Validation runs in a row without a new best after which training stops; 0 for never.
    pub patience: u32,
    /// Seed of first numbers, orders and corrupted triples. On one thread it fixes the result to the last bit, on one kind
    /// of processor; so it does on any other number of threads, each with a result of its own.
    pub seed: u64,
    /// Bytes that training may take.
    pub memory_limit: usize,
}

impl Default for MkrConfig {
    fn default() -> Self {
        MkrConfig {
            dim: DEFAULT_DIM,
            cross_depth: DEFAULT_CROSS_DEPTH,
            high_depth: DEFAULT_HIGH_DEPTH,
            epochs: DEFAULT_EPOCHS,
            batch_size: DEFAULT_BATCH_SIZE,
            lr_rec: DEFAULT_LR_REC,
            lr_kge: DEFAULT_LR_KGE,
            kge_weight: DEFAULT_KGE_WEIGHT,
            l2: DEFAULT_L2,
            kge_interval: KgeInterval::default(),
            kge_negatives: DEFAULT_KGE_NEGATIVES,
            no_cross: false,
            single_activation: false,
            single_pred: false,
            no_kge: false,
            init_scale: DEFAULT_INIT_SCALE,
            selection: Selection::PerUserAuc,
            validate_every: 1,
            patience: DEFAULT_PATIENCE,
            seed: 0,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        }
    }
}

impl MkrConfig {
    /// Plain MKR: neither mixture.
    pub fn mkr() -> MkrConfig {
        MkrConfig { single_activation: true, single_pred: true, ..MkrConfig::default() }
    }

    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`MkrError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), MkrError> {
        let counts = [
            ("dim", self.dim, MAX_DIM),
            ("cross_depth", self.cross_depth, MAX_DEPTH),
            ("high_depth", self.high_depth, MAX_DEPTH),
            ("batch_size", self.batch_size, MAX_BATCH_SIZE),
            ("kge_negatives", self.kge_negatives, MAX_KGE_NEGATIVES),
        ];
        for (parameter, value, most) in counts {
            if !(1..=most).contains(&value) {
                return Err(MkrError::invalid(parameter, format!("must be in 1..={most}, not {value}")));
            }
        }
        let (KgeInterval::Epochs(interval) | KgeInterval::Steps(interval)) = self.kge_interval;
        let at_least_one =
            [("epochs", self.epochs), ("kge_interval", interval), ("validate_every", self.validate_every)];
        for (parameter, value) in at_least_one {
            if value == 0 {
                return Err(MkrError::invalid(parameter, "must be at least 1, not 0"));
            }
        }
        for (parameter, value) in [("lr_rec", self.lr_rec), ("lr_kge", self.lr_kge), ("init_scale", self.init_scale)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(MkrError::invalid(parameter, format!("must be finite and over 0, not {value}")));
            }
        }
        for (parameter, value) in [("kge_weight", self.kge_weight), ("l2", self.l2)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(MkrError::invalid(parameter, format!("must be finite and at least 0, not {value}")));
            }
        }
        Ok(())
    }
}
