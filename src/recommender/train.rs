//! Training recommenders: interactions to models, models to tables.

use super::arrays::{self, Array};
use super::choice::Choice;
use super::error::LESS;
use crate::error::{Error, Result, memory_limit};
use crate::evaluate::{Rows, StoredSplit};
use crate::interrupt::{Event, pipeline, thread_pool};
use crate::kge::Reporter;
use crate::rights;
use crate::run::{self, milliseconds};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::prelude::*;
use rustc_hash::FxHasher;
use serde_json::{Value, json};
use sgr_engine::evaluate::{Part, Protocol, Split};
use sgr_engine::recommend::models::Interactions;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Instant;

/// Keys of advisory locks on names of models: "sgrg" and a hash.
const NAME_LOCKS: i64 = 0x7367_7267_0000_0000;

/// What is to be trained.
pub struct Request<'a> {
    pub model: &'a str,
    pub split: Option<&'a str>,
    pub name: Option<&'a str>,
    pub params: &'a Value,
    pub kind: Option<&'a str>,
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

/// Trains a model for each repeat of a split on its training part, or one on all interactions, and stores them.
///
/// Errors: 22023 for a choice that is not possible, 42704 unknown split, 42710 name taken, 55000 without interactions, 53000
/// over the memory limit, 22003 if it diverged, 42501, 25006.
pub fn train(request: &Request) -> Result<Vec<Outcome>> {
    let mut started = Instant::now();
    rights::may_fill(c"sgr_train()", &[c"models", c"model_arrays", c"runs"], "trains")?;
    let choice = Choice::new(request.model, request.params, request.seed, settings::memory_limit())?;
    if request.split.is_some() && request.kind.is_some() {
        return Err(
            Error::invalid("kind is about interactions, and a split has its own").hint("sgr_eval_split() takes kind")
        );
    }
    let name = request.name.unwrap_or(request.model);
    if name.is_empty() {
        return Err(Error::invalid("name must not be empty").hint("NULL names it as the model"));
    }
    let threads = settings::threads(request.threads)?;
    let pool = thread_pool(threads)?;
    let inputs = Inputs::read(request)?;
    claim_name(name, request.replace)?;
    let parameters = json!({
        "model": request.model, "split": request.split, "name": name, "params": choice.parameters(), "kind": request.kind,
        "seed": request.seed, "threads": threads,
    });
    let mut outcomes = Vec::new();
    for repeat in 0..inputs.repeats() {
        let (interactions, user_ids, item_ids) = inputs.interactions(repeat)?;
        let interactions = Arc::new(interactions);
        let mut reporter = Reporter::new();
        let (fitted, progress) = pipeline(
            |output| choice.fit(Arc::clone(&interactions), &pool, output),
            |event| {
                if let Event::Block(progress) = event {
                    reporter.done(request.model, progress.fraction);
                }
                Ok(())
            },
        )?;
        let run_id = run::note("train", &parameters, &json!({}), 0.0)?;
        let outcome = Outcome {
            model_id: 0,
            name: name.to_owned(),
            repeat: repeat as i32 + 1,
            epochs: progress.epochs_done as i32,
            loss: progress.loss.is_finite().then_some(progress.loss),
            users: user_ids.len() as i64,
            items: item_ids.len() as i64,
            interactions: interactions.len() as i64,
            elapsed_ms: 0.0,
            run_id,
        };
        let model_id = insert(&outcome, request, &choice, inputs.split_id(), &parameters)?;
        let ids = [("users", user_ids), ("items", item_ids)].map(|(name, ids)| (name, Array::Ids(Cow::Borrowed(ids))));
        arrays::write(model_id, &ids)?;
        arrays::write(model_id, &fitted.arrays(&interactions))?;
        let outcome = Outcome { model_id, elapsed_ms: milliseconds(started), ..outcome };
        let result = json!({
            "model_id": model_id, "repeat": outcome.repeat, "epochs": outcome.epochs, "loss": outcome.loss,
            "users": outcome.users, "items": outcome.items, "interactions": outcome.interactions,
        });
        run::complete(run_id, &result, outcome.elapsed_ms)?;
        outcomes.push(outcome);
        started = Instant::now();
    }
    Ok(outcomes)
}

/// What there is to learn.
enum Inputs {
    Split(StoredSplit),
    All(Rows),
}

impl Inputs {
    /// Errors: 42704, 53000, 55000.
    fn read(request: &Request) -> Result<Self> {
        match request.split {
            Some(name) => Ok(Inputs::Split(StoredSplit::load(name)?)),
            None => {
                let sources = Sources::load()?;
                let rows = Rows::of_catalogue(Protocol::PerUser, request.kind, &sources)?;
                if rows.users.is_empty() {
                    let source = sources.relation_name("interactions")?;
                    return Err(Error::not_ready(format!("{source} has no interactions to learn from")));
                }
                Ok(Inputs::All(rows))
            }
        }
    }

    fn repeats(&self) -> usize {
        match self {
            Inputs::Split(split) => split.repeats.len(),
            Inputs::All(_) => 1,
        }
    }

    fn split_id(&self) -> Option<i64> {
        match self {
            Inputs::Split(split) => Some(split.split_id),
            Inputs::All(_) => None,
        }
    }

    /// Who took what, and the ids by their numbers. Errors: 53000.
    fn interactions(&self, repeat: usize) -> Result<(Interactions, &[i64], &[i64])> {
        let (mut pairs, user_ids, item_ids) = match self {
            Inputs::Split(split) => (positives(&split.repeats[repeat]), &split.users.ids, &split.items.ids),
            Inputs::All(rows) => {
                let pairs: Vec<(u32, u32)> = rows.users.iter().copied().zip(rows.items.iter().copied()).collect();
                (pairs, &rows.user_ids.ids, &rows.item_ids.ids)
            }
        };
        // A like and a play are one interaction.
        pairs.sort_unstable();
        pairs.dedup();
        let (needed, limit) =
            (Interactions::estimate(pairs.len(), user_ids.len(), item_ids.len()), settings::memory_limit());
        if needed > limit {
            return Err(memory_limit(needed, limit, "the interactions", LESS));
        }
        let (users, items): (Vec<u32>, Vec<u32>) = pairs.into_iter().unzip();
        Ok((Interactions::new(&users, &items, &[], user_ids.len(), item_ids.len())?, user_ids, item_ids))
    }
}

/// The pairs of the training part that a user has.
pub fn positives(split: &Split) -> Vec<(u32, u32)> {
    split
        .rows_of(Part::Train)
        .filter(|&row| split.labels[row])
        .map(|row| (split.users[row], split.items[row]))
        .collect()
}

fn insert(
    outcome: &Outcome,
    request: &Request,
    choice: &Choice,
    split_id: Option<i64>,
    parameters: &Value,
) -> Result<i64> {
    let mut model_id = 0;
    let args = [
        Arg::Text(&outcome.name),
        Arg::Text(request.model),
        Arg::Big(split_id.unwrap_or(0)),
        Arg::Int(outcome.repeat),
        Arg::Int(choice.dim().unwrap_or(0) as i32),
        Arg::Big(request.seed),
        Arg::Int(outcome.epochs),
        Arg::Float(outcome.loss.unwrap_or(f64::NAN)),
        Arg::Bigs(&[outcome.users, outcome.items, outcome.interactions]),
        Arg::Text(&parameters.to_string()),
        Arg::Big(outcome.run_id),
        Arg::Text(env!("CARGO_PKG_VERSION")),
    ];
    spi::select_fresh(include_str!("../../sql/queries/recommender_insert.sql"), &Sources::NONE, &args, |row| {
        model_id = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    Ok(model_id)
}

/// Makes the second of two trainings under one name wait for the first, and the name free. Errors: 42710.
pub fn claim_name(name: &str, replace: bool) -> Result<()> {
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
    for (model_id, _) in taken {
        arrays::delete(model_id)?;
        spi::execute("DELETE FROM sgr.models WHERE model_id = $1", &Sources::NONE, &[Arg::Big(model_id)])?;
    }
    Ok(())
}
