//! How training starts.

use super::*;
use crate::kge::TripleSet;
use crate::recommend::mkr::error::MkrError;
use crate::recommend::mkr::estimate::{JointSize, estimate};

impl MkrTrainer {
    /// Starts with random numbers. The pool should be the one of the steps: there is a worker for each of its threads.
    ///
    /// `item_entities` has the entity of each item, or [`NO_ENTITY`](crate::recommend::mkr::NO_ENTITY). With `validation`, the parameters
    /// that do best on its rows are kept, and training ends early if they do not improve. `graph` may have no triples
    /// if `no_kge` is set; it says how many entities there are.
    ///
    /// # Errors
    /// [`InvalidConfig`](MkrError::InvalidConfig); [`OneLabel`](MkrError::OneLabel) for interactions with one label;
    /// [`NoTriples`](MkrError::NoTriples); [`Mismatch`](MkrError::Mismatch) if the inputs have other numbers of users or items;
    /// [`UnknownId`](MkrError::UnknownId) for an item whose entity does not exist; [`MemoryLimit`](MkrError::MemoryLimit).
    pub fn new(
        interactions: Arc<Interactions>,
        validation: Option<&Interactions>,
        item_entities: &[u32],
        graph: Arc<TripleSet>,
        config: MkrConfig,
        pool: &rayon::ThreadPool,
    ) -> Result<MkrTrainer, MkrError> {
        config.validate()?;
        interactions.check_labels("training")?;
        let (users, items) = (interactions.user_count(), interactions.item_count());
        if item_entities.len() != items {
            return Err(MkrError::Mismatch { what: "number of items", actual: item_entities.len(), expected: items });
        }
        if let Some(validation) = validation {
            validation.check_labels("validation")?;
            for (what, actual, expected) in [
                ("number of users", validation.user_count(), users),
                ("number of items", validation.item_count(), items),
            ] {
                if actual != expected {
                    return Err(MkrError::Mismatch { what, actual, expected });
                }
            }
        }
        if graph.is_empty() && !config.no_kge {
            return Err(MkrError::NoTriples);
        }
        let rows = Rows::new(item_entities, &graph)?;
        let threads = pool.current_num_threads().max(1);
        let size = JointSize::new(&interactions, validation, &rows, &graph);
        let (needed, limit) = (estimate(&config, &size, threads).total(), config.memory_limit);
        if needed > limit {
            return Err(MkrError::MemoryLimit { needed, limit });
        }
        let shape = MkrShape::new(&config, &rows, users, graph.relation_count());
        let layout = Layout::new(&shape);
        let parameters = MkrParameters::start(&shape, &config);
        let validation = validation.map(|rows| ValidationRows { rows: rows.clone(), judged: Judged::default() });
        let flatness = Flatness::new(&interactions, &Predictor::new(&shape, &rows.entity_of_item, &parameters));
        let rec = RecTask::new(&config, &shape, &layout, interactions.len(), threads);
        let kge = (!config.no_kge).then(|| KgeTask::new(&config, &shape, &layout, graph, threads));
        Ok(MkrTrainer {
            copy: parameters.clone(),
            copy_epoch: 0,
            config,
            shape,
            layout,
            rows,
            interactions,
            parameters,
            corrections: Corrections::new(),
            rec,
            kge,
            validation,
            phase: Phase::Recommendation,
            stop: None,
            epochs_done: 0,
            first_loss: f64::NAN,
            flatness,
            dead_users: 0.0,
        })
    }
}
