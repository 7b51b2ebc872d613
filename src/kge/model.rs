//! `sgr.models`: what is known of a model beside its vectors.

use super::choices::Choices;
use crate::error::{Error, Result};
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sgr_engine::kge::{Checkpoint, FUSED, Fusion, KgeConfig, Metrics, ModelSpec};

/// Key of the advisory lock under which models are stored: "sgrgraph" and a number.
pub const LOCK: i64 = 0x7367_7267_7261_0003;

/// How a model was trained, beside the graph: what `sgr.models.parameters` holds, and all that a training can be repeated
/// from.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Recipe {
    #[serde(flatten)]
    pub choices: Choices,
    /// A relation of triples, by its qualified name; `None` for all of the graph.
    pub triples: Option<String>,
    /// Only these relations.
    pub relations: Option<Vec<String>>,
    /// Triples to validate by: a relation or a graph.
    pub validation: Option<String>,
    pub validation_graph: Option<String>,
    /// If there are none: this share of the triples.
    pub validation_share: f64,
    pub threads: i32,
}

/// A row of `sgr.models`.
pub struct Model {
    pub model_id: i64,
    pub name: String,
    pub graph_id: i32,
    pub entities: i64,
    pub relations: i64,
    pub neighbours: i32,
    pub recipe: Recipe,
    /// Changes whenever the vectors do.
    pub version: String,
    fusion: Fusion,
    checkpoint: Option<Value>,
}

impl Model {
    fn of_row(row: &Row) -> Result<Self> {
        let text = |column| row.text(column).map(std::borrow::Cow::into_owned);
        let recipe = row.text(6).and_then(|text| serde_json::from_str(&text).ok());
        let mut fusion = Fusion::default();
        if let Some(logits) = row.floats(7).filter(|logits| logits.len() == FUSED) {
            fusion.logits.copy_from_slice(logits);
        }
        let model_id = row.int(0).unwrap_or(0);
        Ok(Self {
            model_id,
            name: text(1).unwrap_or_default(),
            graph_id: row.int(2).unwrap_or(0) as i32,
            entities: row.int(3).unwrap_or(0),
            relations: row.int(4).unwrap_or(0),
            neighbours: row.int(5).unwrap_or(0) as i32,
            recipe: recipe
                .ok_or_else(|| Error::not_ready(format!("the parameters of model {model_id} cannot be read")))?,
            version: text(9).unwrap_or_default(),
            fusion,
            checkpoint: row.text(8).and_then(|text| serde_json::from_str(&text).ok()).filter(Value::is_object),
        })
    }

    /// The model of this id, or the active one of the catalogue's graph, as the calling query sees it.
    ///
    /// Errors: 42704 unknown model, 22023 for a recommender, 55000 if there is no active one.
    pub fn chosen(model_id: Option<i64>) -> Result<Self> {
        match Self::find(model_id)? {
            Some(model) => Ok(model),
            None => Err(missing(model_id)?),
        }
    }

    fn find(model_id: Option<i64>) -> Result<Option<Self>> {
        let sql = include_str!("../../sql/queries/kge_model.sql");
        let mut model = None;
        spi::select(sql, &Sources::NONE, &[Arg::MaybeBig(model_id)], |row| {
            model = Some(Self::of_row(row)?);
            Ok(())
        })?;
        Ok(model)
    }

    /// The model of this id, which nobody else changes or drops until the transaction ends.
    ///
    /// Errors: 42704, 22023 for a recommender.
    pub fn locked(model_id: i64) -> Result<Self> {
        match Self::lock(model_id)? {
            Some(model) => Ok(model),
            None => Err(missing(Some(model_id))?),
        }
    }

    /// Errors: 55000 if it has changed since it was read, or is gone, as the calling query sees it.
    pub fn check_unchanged(&self) -> Result<()> {
        self.check_same(Self::find(Some(self.model_id))?)
    }

    /// The same as of now; nobody changes it until the transaction ends.
    pub fn lock_unchanged(&self) -> Result<()> {
        self.check_same(Self::lock(self.model_id)?)
    }

    fn check_same(&self, found: Option<Self>) -> Result<()> {
        let model_id = self.model_id;
        match found {
            Some(model) if model.version == self.version => Ok(()),
            Some(_) => Err(Error::not_ready(format!("model {model_id} has changed while it was worked on"))
                .detail("another session has resumed or extended it, or written its neighbours anew")
                .hint("try again")),
            None => Err(Error::not_ready(format!("model {model_id} was dropped while it was worked on"))),
        }
    }

    fn lock(model_id: i64) -> Result<Option<Self>> {
        let sql = include_str!("../../sql/queries/kge_model_locked.sql");
        let mut model = None;
        spi::select_fresh(sql, &Sources::NONE, &[Arg::Big(model_id)], |row| {
            model = Some(Self::of_row(row)?);
            Ok(())
        })?;
        Ok(model)
    }

    /// What its numbers mean. Errors: 22023.
    pub fn spec(&self) -> Result<ModelSpec> {
        Ok(ModelSpec { fusion: self.fusion, ..ModelSpec::new(&self.config()?) })
    }

    /// How it was trained, with today's limit of memory. Errors: 22023.
    pub fn config(&self) -> Result<KgeConfig> {
        self.recipe.choices.config(crate::settings::memory_limit())
    }

    /// Where its training stands, without the optimiser's state. Errors: 55000 if it was not trained here.
    pub fn checkpoint(&self) -> Result<Checkpoint> {
        let Some(saved) = &self.checkpoint else {
            return Err(Error::not_ready(format!("model {} was not trained here", self.model_id))
                .hint("sgr_kge_train() trains one that can be resumed"));
        };
        let int = |name: &str| saved[name].as_u64().unwrap_or(0);
        let float = |name: &str| saved[name].as_f64();
        let mut fusion_state = [0.0; FUSED];
        for (state, value) in fusion_state.iter_mut().zip(saved["fusion_state"].as_array().into_iter().flatten()) {
            *state = value.as_f64().unwrap_or(0.0) as f32;
        }
        Ok(Checkpoint {
            epochs_done: int("epochs_done") as u32,
            chunks_done: int("chunks_done") as u32,
            entity_state: Vec::new(),
            relation_state: Vec::new(),
            fusion_state,
            // JSON has no NaN.
            first_loss: float("first_loss").unwrap_or(f64::NAN),
            loss_sum: float("loss_sum").unwrap_or(0.0),
            loss_terms: int("loss_terms"),
        })
    }
}

/// Why there are no embeddings of this id. Errors: those of looking.
fn missing(model_id: Option<i64>) -> Result<Error> {
    let Some(id) = model_id else {
        return Ok(Error::not_ready("there is no active model of the catalogue's graph")
            .hint("train one: SELECT * FROM sgr_kge_train(); or name one that SELECT * FROM sgr_models lists"));
    };
    let mut recommender = None;
    let sql = "SELECT m.model FROM sgr.models AS m WHERE m.model_id = $1 AND m.kind = 'recommender'";
    spi::select(sql, &Sources::NONE, &[Arg::Big(id)], |row| {
        recommender = row.text(0).map(std::borrow::Cow::into_owned);
        Ok(())
    })?;
    Ok(match recommender {
        Some(model) => Error::invalid(format!("model {id} is a recommender ({model}): it has no embeddings"))
            .hint("SELECT model_id, name FROM sgr_models WHERE kind = 'kge' lists those that have"),
        None => Error::unknown(format!("model {id} does not exist")).hint("SELECT * FROM sgr_models lists them"),
    })
}

/// What is stored of a checkpoint beside the optimiser's state.
pub fn checkpoint_json(checkpoint: &Checkpoint) -> Value {
    json!({
        "epochs_done": checkpoint.epochs_done, "chunks_done": checkpoint.chunks_done,
        "fusion_state": checkpoint.fusion_state, "first_loss": checkpoint.first_loss,
        "loss_sum": checkpoint.loss_sum, "loss_terms": checkpoint.loss_terms,
    })
}

/// Metrics as they stand in `sgr.models.validation`.
pub fn metrics_json(metrics: &Metrics) -> Value {
    json!({
        "ranks": metrics.count, "mrr": metrics.mrr, "mean_rank": metrics.mean_rank,
        "hits_at_1": metrics.hits_at_1, "hits_at_3": metrics.hits_at_3, "hits_at_10": metrics.hits_at_10,
    })
}

/// Errors: 42710 if there is a model of this name.
pub fn check_name(name: Option<&str>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    if name.is_empty() {
        return Err(Error::invalid("name must not be empty").hint("NULL gives it the model and its number"));
    }
    let mut taken = None;
    let sql = "SELECT model_id FROM sgr.models WHERE name = $1";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Text(name)], |row| {
        taken = row.int(0);
        Ok(())
    })?;
    match taken {
        None => Ok(()),
        Some(id) => Err(Error::new(
            pgrx::PgSqlErrorCode::ERRCODE_DUPLICATE_OBJECT,
            format!("there is a model \"{}\" already: {id}", crate::paths::line(name)),
        )
        .hint("choose another name, or sgr_model_drop() it first")),
    }
}
