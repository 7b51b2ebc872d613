//! The parameters of training.

use super::activation::Activation;
use super::error::KgeError;
use super::model::ModelKind;
use crate::choice::named_choice;

/// Numbers per entity vector.
pub const DEFAULT_DIM: usize = 128;
/// The largest `dim`: a vector of this length is as large as a Postgres page.
pub const MAX_DIM: usize = 2048;
/// Passes over the triples.
pub const DEFAULT_EPOCHS: u32 = 10;
/// Positive triples that share one set of corrupted ones, and one update.
pub const DEFAULT_CHUNK: usize = 256;
/// The largest `chunk`.
pub const MAX_CHUNK: usize = 8192;
/// Corrupting entities of a chunk.
pub const DEFAULT_NEGATIVES: usize = 256;
/// The largest `negatives`.
pub const MAX_NEGATIVES: usize = 65_536;
/// Margin of the margin loss, and offset of distances elsewhere.
pub const DEFAULT_MARGIN: f32 = 9.0;
/// Step size for [`Optimizer::RowAdagrad`].
pub const DEFAULT_LEARNING_RATE: f32 = 0.3;
/// Standard half-width of the first random vectors is this over the root of `dim`.
pub const DEFAULT_INIT_SCALE: f32 = 1.0;
/// Validation runs without a new best before training stops.
pub const DEFAULT_PATIENCE: u32 = 3;
/// Validation triples that are ranked in a validation run: 2,000 give the MRR to about ±.01.
pub const DEFAULT_VALIDATION_SAMPLE: usize = 2000;
/// 1 GiB.
pub const DEFAULT_MEMORY_LIMIT: usize = 1 << 30;

named_choice! {
    "norm"
    /// How the distance between two vectors is measured, in models of distances.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Norm {
        /// Sum of the absolute differences. RotatE: sum of the moduli of complex differences, as in its paper.
        L1 = "l1",
        /// Euclidean distance, not squared.
        #[default]
        L2 = "l2",
    }
}

named_choice! {
    "loss"
    /// What training makes small, for a positive triple with score `s` and its corrupted triples with scores `n_j` and
    /// weights `w_j` (see [`KgeConfig::adversarial_temperature`]).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Loss {
        /// `-ln(exp(s) / (exp(s) + sum of exp(n_j)))`: the cross-entropy of picking the positive out.
        #[default]
        Softmax = "softmax",
        /// The same with each corrupted triple counted for all that it was drawn from, `n_j + ln(choices / drawn)`: an
        /// estimate of the cross-entropy among all entities (sampled softmax: Jean, Cho, Memisevic & Bengio, ACL 2015).
        SampledSoftmax = "sampled_softmax",
        /// `softplus(-s) + sum of w_j softplus(n_j)`: binary cross-entropy (Trouillon et al. 2016; Sun et al. 2019).
        Logistic = "logistic",
        /// `sum of w_j max(0, margin - s + n_j)` (Bordes et al. 2013).
        Margin = "margin",
    }
}

impl Loss {
    /// Whether it is a cross-entropy.
    pub const fn is_softmax(self) -> bool {
        matches!(self, Loss::Softmax | Loss::SampledSoftmax)
    }
}

named_choice! {
    "corruption"
    /// Which side of a positive triple is replaced by other entities.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Corruption {
        /// Both, one after the other.
        #[default]
        Both = "both",
        /// One of them, by the toss of a coin.
        Uniform = "uniform",
        /// One of them: the head with probability `tph / (tph + hpt)`, where `tph` is the mean number of tails per head
        /// of the relation and `hpt` that of heads per tail (Wang et al. 2014). Fewer corrupted triples are true then.
        Bernoulli = "bernoulli",
    }
}

named_choice! {
    "optimizer"
    /// How gradients become steps.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Optimizer {
        /// `learning_rate` times the gradient.
        Sgd = "sgd",
        /// Adagrad (Duchi et al. 2011): one accumulator per number.
        Adagrad = "adagrad",
        /// Adagrad with one accumulator per vector, of the mean square of its gradient: hardly any memory.
        #[default]
        RowAdagrad = "row_adagrad",
        /// Adam (Kingma & Ba 2015), lazy: a row that no chunk touches does not move, and counts its own steps.
        Adam = "adam",
    }
}

named_choice! {
    "schedule"
    /// How the learning rate goes from `learning_rate` down over all epochs; it changes with every chunk.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Schedule {
        /// It stays.
        Constant = "constant",
        /// In a straight line to 0.
        #[default]
        Linear = "linear",
        /// Half a cosine wave to 0.
        Cosine = "cosine",
    }
}

named_choice! {
    "regularizer"
    /// The penalty on the vectors of each positive triple: `regularization` times the sum, over head, relation and
    /// tail, of the following.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum Regularizer {
        /// Half the squared length.
        #[default]
        L2 = "l2",
        /// A third of the sum of the cubed moduli (Lacroix et al. 2018); complex moduli in ComplEx and RotatE.
        N3 = "n3",
    }
}

named_choice! {
    "entity constraint"
    /// What is done to an entity vector after each of its steps.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub enum EntityConstraint {
        /// Nothing.
        #[default]
        None = "none",
        /// A vector longer than 1 is scaled to length 1 (TransH, TransR).
        Ball = "ball",
        /// Every vector is scaled to length 1 (TransE).
        Sphere = "sphere",
    }
}

/// How to train: the model and every choice about its training. [`KgeConfig::for_model`] has defaults that suit each
/// model.
#[derive(Debug, Clone, PartialEq)]
pub struct KgeConfig {
    /// The model.
    pub model: ModelKind,
    /// Numbers per entity vector, in `1..=`[`MAX_DIM`]; even for ComplEx and RotatE, which take them as `dim / 2` real
    /// parts and `dim / 2` imaginary parts.
    pub dim: usize,
    /// The distance of TransE, TransH, TransR and RotatE.
    pub norm: Norm,
    /// Passes over the triples, at least 1. A resumed training counts from the first one.
    pub epochs: u32,
    /// Of these, the first ones in which TransH and TransR are trained as TransE, without their projections; fewer than
    /// `epochs`. Other models ignore it.
    pub pretrain_epochs: u32,
    /// Give each relation one vector for the question for its tail and another for that for its head, as if every triple
    /// were also there the other way round, by an inverse relation (Lacroix et al. 2018). Not for TransH and TransR.
    pub reciprocal: bool,
    /// Positive triples that share one set of corrupting entities, in `1..=`[`MAX_CHUNK`].
    pub chunk: usize,
    /// Corrupting entities per chunk, in `1..=`[`MAX_NEGATIVES`]; all different, and the same for both sides unless they are
    /// type-constrained. Small graphs have fewer.
    pub negatives: usize,
    /// Which side is corrupted.
    pub corruption: Corruption,
    /// Leave out corrupted triples that are known to be true. (The positive itself is always left out.)
    pub filter_negatives: bool,
    /// Corrupt only with entities that the relation has on that side. Chunks then hold one relation each.
    pub type_constrained: bool,
    /// What is made small.
    pub loss: Loss,
    /// Margin of [`Loss::Margin`]; in models of distances also what a score is before the distance is subtracted, for
    /// [`Loss::Logistic`] and activations. Finite, at least 0.
    pub margin: f32,
    /// Weights of the corrupted triples of a positive in the logistic and the margin loss: proportional to
    /// `exp(temperature * score)` and not differentiated (self-adversarial sampling, Sun et al. 2019); 0 for equal ones.
    pub adversarial_temperature: f32,
    /// What a score goes through before the loss.
    pub activation: Activation,
    /// How gradients become steps.
    pub optimizer: Optimizer,
    /// Size of a step; finite, over 0.
    pub learning_rate: f32,
    /// How it falls.
    pub schedule: Schedule,
    /// The kind of penalty.
    pub regularizer: Regularizer,
    /// Its weight; finite, at least 0, which is none.
    pub regularization: f32,
    /// What entity vectors are held to.
    pub entity_constraint: EntityConstraint,
    /// First vectors are uniform in plus or minus this over the root of `dim`; finite, over 0.
    pub init_scale: f32,
    /// Epochs between validation runs, if there are validation triples; 0 for one run after the last epoch.
    pub validate_every: u32,
    /// Validation runs in a row without a new best MRR after which training stops; 0 for never.
    pub patience: u32,
    /// Validation triples ranked per run, drawn once by the seed; 0 for all.
    pub validation_sample: usize,
    /// Keep a copy of the best vectors (with validation triples), or else of the last epoch's, in case training
    /// diverges. Without it, divergence leaves what was there before the step that broke.
    pub keep_copy: bool,
    /// Seed of the first vectors, the order of the triples and the corrupting entities. On one thread it fixes the
    /// result to the last bit, on one kind of processor.
    pub seed: u64,
    /// Bytes that training may take.
    pub memory_limit: usize,
}

impl Default for KgeConfig {
    fn default() -> Self {
        KgeConfig::for_model(ModelKind::default())
    }
}

impl KgeConfig {
    /// Settings that suit the model, found on FB15k-237.
    pub fn for_model(model: ModelKind) -> KgeConfig {
        let base = KgeConfig {
            model,
            dim: DEFAULT_DIM,
            norm: Norm::L2,
            epochs: DEFAULT_EPOCHS,
            pretrain_epochs: 0,
            reciprocal: false,
            chunk: DEFAULT_CHUNK,
            negatives: DEFAULT_NEGATIVES,
            corruption: Corruption::Both,
            filter_negatives: true,
            type_constrained: false,
            loss: Loss::Softmax,
            margin: DEFAULT_MARGIN,
            adversarial_temperature: 0.0,
            activation: Activation::Identity,
            optimizer: Optimizer::RowAdagrad,
            learning_rate: DEFAULT_LEARNING_RATE,
            schedule: Schedule::Linear,
            regularizer: Regularizer::L2,
            regularization: 0.0,
            entity_constraint: EntityConstraint::None,
            init_scale: DEFAULT_INIT_SCALE,
            validate_every: 0,
            patience: DEFAULT_PATIENCE,
            validation_sample: DEFAULT_VALIDATION_SAMPLE,
            keep_copy: true,
            seed: 0,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        };
        match model {
            ModelKind::TransE | ModelKind::RotatE => base,
            ModelKind::TransH | ModelKind::TransR => KgeConfig { pretrain_epochs: DEFAULT_EPOCHS / 2, ..base },
            // They learn by heart what is not penalised, and tell true from false only among what they were shown: more
            // corrupted triples, which count for all.
            ModelKind::DistMult | ModelKind::ComplEx => KgeConfig {
                epochs: 15,
                reciprocal: true,
                negatives: 512,
                loss: Loss::SampledSoftmax,
                margin: 0.0,
                optimizer: Optimizer::Adagrad,
                learning_rate: 0.1,
                regularizer: Regularizer::N3,
                regularization: if model == ModelKind::DistMult { 0.3 } else { 0.5 },
                ..base
            },
        }
    }

    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`KgeError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), KgeError> {
        let counts = [("dim", self.dim, MAX_DIM), ("chunk", self.chunk, MAX_CHUNK)];
        for (parameter, value, most) in counts.into_iter().chain([("negatives", self.negatives, MAX_NEGATIVES)]) {
            if !(1..=most).contains(&value) {
                return Err(KgeError::invalid(parameter, format!("must be in 1..={most}, not {value}")));
            }
        }
        if self.model.is_complex() && self.dim % 2 == 1 {
            let message = format!("must be even for {}, which has complex vectors, not {}", self.model, self.dim);
            return Err(KgeError::invalid("dim", message));
        }
        if self.epochs == 0 {
            return Err(KgeError::invalid("epochs", "must be at least 1"));
        }
        if self.model.is_projected() && self.pretrain_epochs >= self.epochs {
            let message = format!("must be below epochs ({}), not {}", self.epochs, self.pretrain_epochs);
            return Err(KgeError::invalid("pretrain_epochs", message));
        }
        if self.model.is_projected() && self.reciprocal {
            let message =
                format!("is not possible for {}, which projects entities the same way for both sides", self.model);
            return Err(KgeError::invalid("reciprocal", message));
        }
        for (parameter, value) in [("learning_rate", self.learning_rate), ("init_scale", self.init_scale)] {
            if !(value.is_finite() && value > 0.0) {
                return Err(KgeError::invalid(parameter, format!("must be finite and over 0, not {value}")));
            }
        }
        let not_negative = [
            ("margin", self.margin),
            ("adversarial_temperature", self.adversarial_temperature),
            ("regularization", self.regularization),
        ];
        for (parameter, value) in not_negative {
            if !(value.is_finite() && value >= 0.0) {
                return Err(KgeError::invalid(parameter, format!("must be finite and at least 0, not {value}")));
            }
        }
        Ok(())
    }
}
