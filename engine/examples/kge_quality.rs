//! Trains a model on a folder of `train.txt`, `valid.txt`, `test.txt` (`head<TAB>relation<TAB>tail`, line ends LF or CRLF)
//! and ranks the test triples.
//!
//! ```text
//! cargo run --release --example kge_quality -- FOLDER model=transe threads=2 epochs=10 …
//! ```
//! Every field of `KgeConfig` can be set; `part=valid` ranks the validation triples instead, `prefix=umls.` is put before
//! the names of the files, `validate=yes` lets the validation triples choose the best epoch.

use rayon::ThreadPoolBuilder;
use sgr_engine::kge::{
    GraphSize, KgeConfig, KnownTriples, Metrics, ModelKind, Phase, Ranker, Trainer, TripleSet, estimate,
};
use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Names and their dense ids, in the order in which they come.
#[derive(Default)]
struct Names(HashMap<String, u32>);

impl Names {
    fn id(&mut self, name: &str) -> u32 {
        let next = self.0.len() as u32;
        *self.0.entry(name.to_owned()).or_insert(next)
    }
}

fn set(config: &mut KgeConfig, key: &str, value: &str) -> Result<bool, Box<dyn Error>> {
    match key {
        "dim" => config.dim = value.parse()?,
        "norm" => config.norm = value.parse()?,
        "epochs" => config.epochs = value.parse()?,
        "pretrain_epochs" => config.pretrain_epochs = value.parse()?,
        "reciprocal" => config.reciprocal = value.parse()?,
        "chunk" => config.chunk = value.parse()?,
        "negatives" => config.negatives = value.parse()?,
        "corruption" => config.corruption = value.parse()?,
        "filter_negatives" => config.filter_negatives = value.parse()?,
        "type_constrained" => config.type_constrained = value.parse()?,
        "loss" => config.loss = value.parse()?,
        "margin" => config.margin = value.parse()?,
        "adversarial_temperature" => config.adversarial_temperature = value.parse()?,
        "activation" => config.activation = value.parse()?,
        "optimizer" => config.optimizer = value.parse()?,
        "learning_rate" => config.learning_rate = value.parse()?,
        "schedule" => config.schedule = value.parse()?,
        "regularizer" => config.regularizer = value.parse()?,
        "regularization" => config.regularization = value.parse()?,
        "entity_constraint" => config.entity_constraint = value.parse()?,
        "init_scale" => config.init_scale = value.parse()?,
        "validate_every" => config.validate_every = value.parse()?,
        "patience" => config.patience = value.parse()?,
        "validation_sample" => config.validation_sample = value.parse()?,
        "keep_copy" => config.keep_copy = value.parse()?,
        "seed" => config.seed = value.parse()?,
        "memory_limit" => config.memory_limit = value.parse()?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn print(what: &str, metrics: &Metrics) {
    println!(
        "{what:<16} MRR {:.4}  H@1 {:.4}  H@3 {:.4}  H@10 {:.4}  mean rank {:.1}  ({} ranks)",
        metrics.mrr, metrics.hits_at_1, metrics.hits_at_3, metrics.hits_at_10, metrics.mean_rank, metrics.count
    );
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder of triples")?;
    let options: Vec<(String, String)> = arguments
        .map(|argument| argument.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())))
        .collect::<Option<_>>()
        .ok_or("options are key=value")?;
    let option = |key: &str| options.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let model: ModelKind = option("model").unwrap_or("transe").parse()?;
    let mut config = KgeConfig::for_model(model);
    for (key, value) in &options {
        let known = set(&mut config, key, value).map_err(|error| format!("{key}: {error}"))?;
        if !known && !["model", "threads", "part", "prefix", "validate", "verbose"].contains(&key.as_str()) {
            return Err(format!("unknown option {key}").into());
        }
    }
    let pool = ThreadPoolBuilder::new().num_threads(option("threads").unwrap_or("2").parse()?).build()?;

    let (mut entities, mut relations) = (Names::default(), Names::default());
    let mut columns = Vec::new();
    for part in ["train", "valid", "test"] {
        let name = format!("{}{part}.txt", option("prefix").unwrap_or_default());
        let text = std::fs::read_to_string(Path::new(&folder).join(name))?;
        let (mut heads, mut names, mut tails) = (Vec::new(), Vec::new(), Vec::new());
        for line in text.lines() {
            let fields: Vec<&str> = line.trim_end_matches('\r').split('\t').collect();
            let [head, relation, tail] = fields[..] else { return Err(format!("not a triple: {line}").into()) };
            heads.push(entities.id(head));
            names.push(relations.id(relation));
            tails.push(entities.id(tail));
        }
        columns.push((heads, names, tails));
    }
    let mut sets = Vec::new();
    for (heads, names, tails) in columns {
        sets.push(Arc::new(TripleSet::new(heads, names, tails, entities.0.len(), relations.0.len())?));
    }
    let [train, valid, test] = &sets[..] else { return Err("three parts".into()) };
    println!(
        "{} entities, {} relations, {} / {} / {} triples, {} threads",
        entities.0.len(),
        relations.0.len(),
        train.len(),
        valid.len(),
        test.len(),
        pool.current_num_threads()
    );
    println!("{config:?}");
    let validation = (option("validate") == Some("yes")).then_some(&**valid);
    let size = GraphSize {
        entities: entities.0.len(),
        relations: relations.0.len(),
        triples: train.len(),
        validation_triples: validation.map_or(0, TripleSet::len),
    };
    println!("{:?}", estimate(&config, &size, pool.current_num_threads()));

    let start = Instant::now();
    let mut trainer = Trainer::new(Arc::clone(train), validation, config, &pool)?;
    let (mut longest, mut epochs_done) = (0.0_f64, 0);
    loop {
        let before = Instant::now();
        let progress = trainer.step(&pool);
        longest = longest.max(before.elapsed().as_secs_f64());
        if progress.epochs_done > epochs_done && progress.phase != Phase::Validating {
            epochs_done = progress.epochs_done;
            if option("verbose") == Some("yes") || progress.validation.is_some() {
                let mrr = progress.validation.map_or(f64::NAN, |metrics| metrics.mrr);
                let elapsed = start.elapsed().as_secs_f64();
                println!("epoch {epochs_done}: loss {:.4}, validation MRR {mrr:.4}, {elapsed:.1} s", progress.loss);
            }
        }
        if progress.phase == Phase::Stopped {
            break;
        }
    }
    let trained = trainer.finish();
    let (elapsed, progress) = (start.elapsed().as_secs_f64(), trained.progress);
    println!(
        "trained {} triples in {elapsed:.2} s: {:.0} triples/s; {:?} after {} epochs, vectors of epoch {}, loss {:.4}; \
         longest step {:.0} ms",
        progress.triples_done,
        progress.triples_done as f64 / elapsed,
        progress.stop,
        progress.epochs_done,
        trained.epoch,
        progress.loss,
        longest * 1e3
    );

    let start = Instant::now();
    let known = pool.install(|| KnownTriples::new(&[train, valid, test]))?;
    let known = [&known];
    let part = if option("part") == Some("valid") { valid } else { test };
    let mut ranker = Ranker::new(&trained.embeddings, part, &known, &pool)?;
    while ranker.step(&pool) {}
    let evaluation = ranker.evaluation();
    println!("ranked {} triples in {:.3} s", part.len(), start.elapsed().as_secs_f64());
    print("filtered", &evaluation.all.filtered);
    print("filtered heads", &evaluation.all.heads_filtered);
    print("filtered tails", &evaluation.all.tails_filtered);
    print("raw", &evaluation.all.raw);
    Ok(())
}
