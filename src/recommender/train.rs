//! Training recommenders: interactions to models, models to tables.

use super::arrays::{self, Array};
use super::blend::EntityEdges;
use super::inputs::Inputs;
use super::model;
use super::plan::{Made, Plan};
use crate::error::{Error, Result, memory_limit};
use crate::interrupt::thread_pool;
use crate::kge::{Reporter, resume};
use crate::rights;
use crate::run::{self, milliseconds};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::worker::{self, Job, Stages};
use pgrx::prelude::*;
use rustc_hash::FxHasher;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::time::Instant;

/// Keys of advisory locks on names of models: "sgrg" and a hash.
const NAME_LOCKS: i64 = 0x7367_7267_0000_0000;

/// What is to be trained.
pub struct Request {
    pub model: String,
    pub split: Option<String>,
    pub name: Option<String>,
    pub params: Value,
    pub kind: Option<String>,
    pub seed: i64,
    pub threads: Option<i32>,
    pub replace: bool,
}

/// A model that was trained.
pub struct Outcome {
    pub model_id: i64,
    pub name: String,
    pub repeat: i32,
    pub epochs: i32,
    pub loss: Option<f64>,
    pub users: i64,
    pub items: i64,
    pub interactions: i64,
    pub elapsed_ms: f64,
    pub run_id: i64,
}

/// A training between its stages: of a model for each repeat of a split on its training part, or of one on all interactions.
pub struct Training {
    request: Request,
    name: String,
    plan: Plan,
    parameters: Value,
    inputs: Inputs,
    graph: Option<EntityEdges>,
    pool: rayon::ThreadPool,
    memory_limit: usize,
    /// When it began, or the last repeat was done.
    since: Instant,
    /// What waits to be stored.
    finished: Vec<Finished>,
    kept_bytes: usize,
    stored: Vec<Outcome>,
}

/// A repeat that was learned.
struct Finished {
    repeat: usize,
    made: Made,
    elapsed_ms: f64,
}

impl Training {
    /// Checks the request and reads the interactions.
    ///
    /// Errors: 22023 for a choice that is not possible, 42704 unknown split, 42710 name taken, 55000 without interactions,
    /// 53000 over the memory limit, 42501, 25006.
    pub fn load(request: Request) -> Result<Self> {
        let since = Instant::now();
        rights::may_fill(c"sgr_train()", &[c"models", c"model_arrays", c"runs"], "trains")?;
        let memory_limit = settings::memory_limit();
        let plan = Plan::new(&request.model, &request.params, request.seed, memory_limit)?;
        if request.split.is_some() && request.kind.is_some() {
            return Err(Error::invalid("kind is about interactions, and a split has its own")
                .hint("sgr_eval_split() takes kind"));
        }
        let name = request.name.clone().unwrap_or_else(|| request.model.clone());
        if name.is_empty() {
            return Err(Error::invalid("name must not be empty").hint("NULL names it as the model"));
        }
        if name == model::NO_MODEL {
            return Err(Error::invalid(format!("a model cannot be called \"{name}\""))
                .detail("sgr_recommend_user() takes it for no model")
                .hint("choose another name"));
        }
        let threads = settings::threads(request.threads)?;
        let pool = thread_pool(threads)?;
        worker::begin_reading("reading interactions")?;
        let inputs = Inputs::read(request.split.as_deref(), request.kind.as_deref())?;
        // Also for the rights that this takes: not only when everything has been learned.
        inputs.check_still_there()?;
        let graph = plan.graph(&inputs)?;
        check_name(&name, request.replace)?;
        let parameters = json!({
            "model": request.model, "split": request.split, "name": name, "params": plan.parameters(),
            "kind": request.kind, "seed": request.seed, "threads": threads,
        });
        Ok(Self {
            request,
            name,
            plan,
            parameters,
            inputs,
            graph,
            pool,
            memory_limit,
            since,
            finished: Vec::new(),
            kept_bytes: 0,
            stored: Vec::new(),
        })
    }

    /// Keeps a repeat until the others are done. Errors: 53000 if a job has no memory for that.
    fn keep(&mut self, finished: Finished) -> Result<()> {
        // The last one is stored at once.
        if finished.repeat + 1 < self.inputs.repeats() {
            self.kept_bytes += finished.made.arrays().iter().map(|(_, array)| array.bytes()).sum::<usize>();
        }
        self.finished.push(finished);
        let (needed, limit) = (self.kept_bytes, self.memory_limit);
        if needed <= limit {
            return Ok(());
        }
        let what = format!("the models of {} repeats", self.finished.len());
        Err(memory_limit(needed, limit, &what, "call sgr_train() in a session, which stores each before the next"))
    }

    /// Stores what is finished.
    fn store_finished(&mut self) -> Result<()> {
        if self.stored.is_empty() {
            run::hold_off_forgetting()?;
            self.inputs.check_still_there()?;
            claim_name(&self.name, self.request.replace)?;
        }
        for finished in std::mem::take(&mut self.finished) {
            let outcome = self.store_repeat(&finished)?;
            self.stored.push(outcome);
        }
        Ok(())
    }

    fn store_repeat(&self, Finished { repeat, made, elapsed_ms }: &Finished) -> Result<Outcome> {
        let Self { request, name, plan, inputs, parameters, .. } = self;
        let (started, ids) = (Instant::now(), inputs.ids());
        let run_id = run::note("train", parameters, &json!({}), 0.0)?;
        let outcome = Outcome {
            model_id: 0,
            name: name.clone(),
            repeat: *repeat as i32 + 1,
            epochs: made.epochs() as i32,
            loss: Some(made.loss()).filter(|loss| loss.is_finite()),
            users: ids.users.len() as i64,
            items: ids.items.len() as i64,
            interactions: made.interactions().len() as i64,
            elapsed_ms: 0.0,
            run_id,
        };
        let model_id = insert(&outcome, request, plan.dim(), made, inputs.split_id(), parameters)?;
        let of_ids =
            [("users", ids.users), ("items", ids.items)].map(|(name, ids)| (name, Array::Ids(Cow::Borrowed(ids))));
        arrays::write(model_id, &of_ids)?;
        arrays::write(model_id, &made.arrays())?;
        if request.split.is_none() && plan.is_to_be_active() {
            activate(model_id, name)?;
        }
        let outcome = Outcome { model_id, elapsed_ms: elapsed_ms + milliseconds(started), ..outcome };
        let result = json!({
            "model_id": model_id, "repeat": outcome.repeat, "epochs": outcome.epochs, "loss": outcome.loss,
            "users": outcome.users, "items": outcome.items, "interactions": outcome.interactions,
            "validation": made.validation_and_blend()[0],
        });
        run::complete(run_id, &result, outcome.elapsed_ms)?;
        Ok(outcome)
    }
}

impl Stages for Training {
    type Outcome = Vec<Outcome>;

    /// Errors: 22003 if it diverged, 53000. Outside a job, a repeat is stored before the next is learned, so that there is one
    /// at a time in memory.
    fn compute(&mut self, job: Option<&Job>) -> Result<()> {
        let mut reporter = Reporter::new();
        let repeats = self.inputs.repeats();
        for repeat in 0..repeats {
            let model = &self.request.model;
            let report = |fraction: f64| reporter.done(model, (repeat as f64 + fraction) / repeats as f64);
            let (inputs, limit) = (&self.inputs, self.memory_limit.saturating_sub(self.kept_bytes));
            let made = self.plan.make(inputs, repeat, limit, self.graph.as_ref(), &self.pool, report)?;
            let finished = Finished { repeat, made, elapsed_ms: milliseconds(self.since) };
            match job {
                Some(_) => self.keep(finished)?,
                None => {
                    self.finished.push(finished);
                    self.store_finished()?;
                }
            }
            self.since = Instant::now();
        }
        Ok(())
    }

    /// Errors: 42710 name taken, 55000 if the split, or users or items, went while they were learned.
    fn store(mut self) -> Result<Vec<Outcome>> {
        self.store_finished()?;
        Ok(self.stored)
    }
}

/// Lets a blend answer where no model is named, if the role may say so.
fn activate(model_id: i64, name: &str) -> Result<()> {
    if rights::has(rights::table(c"models")?, pg_sys::ACL_UPDATE) {
        return resume::activate(model_id, true);
    }
    notice!("model \"{name}\" was trained, and is not active: that takes UPDATE on sgr.models");
    Ok(())
}

fn insert(
    outcome: &Outcome,
    request: &Request,
    dim: Option<usize>,
    made: &Made,
    split_id: Option<i64>,
    parameters: &Value,
) -> Result<i64> {
    let mut model_id = 0;
    let [validation, blend] =
        made.validation_and_blend().map(|json| if json.is_null() { String::new() } else { json.to_string() });
    let args = [
        Arg::Text(&outcome.name),
        Arg::Text(&request.model),
        Arg::Big(split_id.unwrap_or(0)),
        Arg::Int(outcome.repeat),
        Arg::Int(dim.unwrap_or(0) as i32),
        Arg::Big(request.seed),
        Arg::Int(outcome.epochs),
        Arg::Float(outcome.loss.unwrap_or(f64::NAN)),
        Arg::Bigs(&[outcome.users, outcome.items, outcome.interactions]),
        Arg::Text(&parameters.to_string()),
        Arg::Big(outcome.run_id),
        Arg::Text(env!("CARGO_PKG_VERSION")),
        Arg::Text(&validation),
        Arg::Text(&blend),
    ];
    spi::select_fresh(include_str!("../../sql/queries/recommender_insert.sql"), &Sources::NONE, &args, |row| {
        model_id = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    Ok(model_id)
}

/// Makes the second of two trainings under one name wait for the first, until this transaction ends, and checks that the name
/// is free or its models may be replaced; returns these. Errors: 42710.
pub fn check_name(name: &str, replace: bool) -> Result<Vec<i64>> {
    let mut hasher = FxHasher::default();
    name.hash(&mut hasher);
    let busy = format!("another session trains a model \"{}\"", crate::lookup::shortened(name));
    run::lock(NAME_LOCKS | i64::from(hasher.finish() as u32), &busy)?;
    let mut taken: Vec<(i64, bool)> = Vec::new();
    let sql = "SELECT m.model_id, m.kind = 'recommender' FROM sgr.models AS m WHERE m.name = $1";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Text(name)], |row| {
        taken.push((row.int(0).unwrap_or(0), row.bool(1) == Some(true)));
        Ok(())
    })?;
    let replaced = replace && taken.iter().all(|taken| taken.1);
    if !taken.is_empty() && !replaced {
        let message = format!("there is a model \"{}\" already", crate::lookup::shortened(name));
        return Err(Error::new(PgSqlErrorCode::ERRCODE_DUPLICATE_OBJECT, message)
            .hint("choose another name, sgr_model_drop() it first, or replace => true if it is a recommender"));
    }
    Ok(taken.into_iter().map(|(model_id, _)| model_id).collect())
}

/// [`check_name`], and makes the name free.
pub fn claim_name(name: &str, replace: bool) -> Result<()> {
    for model_id in check_name(name, replace)? {
        arrays::delete(model_id)?;
        spi::execute("DELETE FROM sgr.models WHERE model_id = $1", &Sources::NONE, &[Arg::Big(model_id)])?;
    }
    Ok(())
}
