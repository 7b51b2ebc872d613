//! How well a model ranks triples that are true.

use super::model::Model;
use super::progress::Reporter;
use super::triples::{GraphRelations, Origin, Reader, relations_of};
use super::vectors::{self, Loaded};
use crate::error::{Error, Result};
use crate::interrupt::{Event, pipeline, thread_pool};
use crate::settings;
use crate::worker::{self, Job, Stages};
use pgrx::prelude::*;
use sgr_engine::kge::{Evaluation, KnownTriples, Metrics, Ranker, SideMetrics, TripleSet};

/// What is to be ranked, and what is known besides.
pub struct Request<'a> {
    pub model_id: Option<i64>,
    pub triples: Option<pg_sys::Oid>,
    pub graph: Option<&'a str>,
    pub known: Option<pg_sys::Oid>,
    pub known_graph: Option<&'a str>,
    pub threads: Option<i32>,
}

/// Metrics of one relation, or of all, on one side or on both.
pub struct Line {
    pub relation: Option<String>,
    pub side: &'static str,
    pub filtered: Metrics,
    pub raw: Metrics,
}

/// A ranking between its stages. Filtered ranks pass over what the model's graph, the triples themselves and what is known say.
pub struct Ranking {
    model: Model,
    loaded: Loaded,
    relations: GraphRelations,
    asked: TripleSet,
    true_ones: TripleSet,
    pool: rayon::ThreadPool,
    lines: Vec<Line>,
}

impl Ranking {
    /// Reads the model and the triples.
    ///
    /// Errors: 42704 unknown model or graph, 22023 nothing or too much named, 55000 no triples that could be ranked, 53000
    /// over the memory limit.
    pub fn load(request: &Request) -> Result<Self> {
        let origin = Origin::of(request.triples, request.graph, "the triples")?.ok_or_else(|| {
            Error::invalid("one of triples and graph is needed")
                .hint("a relation of triples, or a graph that holds them")
        })?;
        let known = Origin::of(request.known, request.known_graph, "the known triples")?;
        let threads = settings::threads(request.threads)?;
        worker::begin_reading("reading triples")?;
        let model = Model::chosen(request.model_id)?;
        let loaded = vectors::load(&model, false)?;
        let relations = relations_of(model.graph_id, None, false)?;
        let ids = relations.ids();
        let reader = || Reader::of_model(&loaded.entities, &loaded.relations);
        let mut asked = reader();
        asked.named(&origin, model.graph_id, &ids)?;
        let asked = asked.finish()?;
        if asked.left_out > 0 {
            notice!(
                "{} triples were left out: model {} has no vector for their entities or relations",
                asked.left_out,
                model.model_id
            );
        }
        if asked.triples.is_empty() {
            return Err(Error::not_ready("there are no triples to rank")
                .hint("they are named as the graph of the model names its entities and relations"));
        }
        let mut true_ones = reader();
        true_ones.graph(&ids)?;
        if let Some(known) = known {
            true_ones.named(&known, model.graph_id, &ids)?;
        }
        // An index is made of them, which sorts.
        let true_ones = true_ones.finish_unsorted()?.triples;
        let (asked, pool) = (asked.triples, thread_pool(threads)?);
        Ok(Self { model, loaded, relations, asked, true_ones, pool, lines: Vec::new() })
    }
}

impl Stages for Ranking {
    type Outcome = Vec<Line>;

    fn compute(&mut self, _job: Option<&Job>) -> Result<()> {
        let Self { loaded, asked, true_ones, pool, .. } = &*self;
        worker::phase("ranking");
        let mut reporter = Reporter::new();
        let evaluation = pipeline(
            |output| {
                let known = pool.install(|| KnownTriples::new(&[true_ones, asked]))?;
                let known = [&known];
                let mut ranker = Ranker::new(&loaded.embeddings, asked, &known, pool)?;
                while ranker.step(pool) {
                    if !output.send(ranker.fraction()) {
                        break;
                    }
                }
                Ok(ranker.evaluation())
            },
            |event| {
                if let Event::Block(fraction) = event {
                    reporter.done("ranking", fraction);
                }
                Ok(())
            },
        )?;
        self.lines = lines(&evaluation, &loaded.relations, &self.relations);
        Ok(())
    }

    /// Errors: 55000 if the model has changed since it was loaded, or is gone.
    fn store(self) -> Result<Vec<Line>> {
        self.model.check_unchanged()?;
        Ok(self.lines)
    }
}

fn lines(evaluation: &Evaluation, ids: &[i64], relations: &GraphRelations) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add = |relation: Option<String>, metrics: &SideMetrics| {
        for (side, filtered, raw) in [
            ("both", metrics.filtered, metrics.raw),
            ("head", metrics.heads_filtered, metrics.heads_raw),
            ("tail", metrics.tails_filtered, metrics.tails_raw),
        ] {
            lines.push(Line { relation: relation.clone(), side, filtered, raw });
        }
    };
    add(None, &evaluation.all);
    for (number, metrics) in &evaluation.relations {
        let id = ids.get(*number as usize).copied().unwrap_or(0);
        add(Some(relations.by_id(id).map_or_else(|| id.to_string(), |relation| relation.name.clone())), metrics);
    }
    lines
}
