//! What each model reaches on Nations, UMLS and Kinships: real data, read from beside the repository if it is there.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use rayon::ThreadPoolBuilder;
use sgr_engine::kge::{KgeConfig, KnownTriples, Metrics, ModelKind, Phase, Ranker, Trainer, TripleSet};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of the data, or `None` after a line that says what is skipped.
fn folder() -> Option<PathBuf> {
    let root = std::env::var_os("SGR_DATA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let folder = root.join("kge_small");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: there is no {} (SGR_DATA names the folder of the data sets)", folder.display());
    None
}

/// Training, validation and test triples.
fn read(folder: &Path, name: &str) -> [TripleSet; 3] {
    let (mut entities, mut relations) = (BTreeMap::new(), BTreeMap::new());
    let id = |names: &mut BTreeMap<String, u32>, name: &str| {
        let next = names.len() as u32;
        *names.entry(name.to_owned()).or_insert(next)
    };
    let columns = ["train", "valid", "test"].map(|part| {
        let text = std::fs::read_to_string(folder.join(format!("{name}.{part}.txt"))).unwrap();
        let mut columns = [Vec::new(), Vec::new(), Vec::new()];
        for line in text.lines() {
            let [head, relation, tail] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            columns[0].push(id(&mut entities, head));
            columns[1].push(id(&mut relations, relation));
            columns[2].push(id(&mut entities, tail));
        }
        columns
    });
    columns.map(|[heads, names, tails]| TripleSet::new(heads, names, tails, entities.len(), relations.len()).unwrap())
}

/// Filtered metrics of the test triples after a short training on one thread.
fn reach(sets: &[TripleSet; 3], config: KgeConfig) -> Metrics {
    let [train, valid, test] = sets;
    let pool = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut trainer = Trainer::new(Arc::new(train.clone()), None, config, &pool).unwrap();
    while trainer.step(&pool).phase != Phase::Stopped {}
    let embeddings = trainer.finish().embeddings;
    let known = KnownTriples::new(&[train, valid, test]).unwrap();
    let known = [&known];
    let mut ranker = Ranker::new(&embeddings, test, &known, &pool).unwrap();
    while ranker.step(&pool) {}
    ranker.evaluation().all.filtered
}

/// `(model, epochs, least MRR, least Hits@10)` on one data set.
fn check(name: &str, expected: &[(ModelKind, u32, f64, f64)]) {
    let Some(folder) = folder() else { return };
    let sets = read(&folder, name);
    for &(model, epochs, mrr, hits) in expected {
        let config = KgeConfig::for_model(model);
        let config = KgeConfig { dim: 64, epochs, pretrain_epochs: config.pretrain_epochs.min(epochs / 2), ..config };
        let found = reach(&sets, config);
        println!("{name} {model}: MRR {:.3}, Hits@10 {:.3}", found.mrr, found.hits_at_10);
        assert!(found.mrr >= mrr && found.hits_at_10 >= hits, "{name} {model}: {found:?}");
    }
}

#[test]
fn nations() {
    check(
        "nations",
        &[
            (ModelKind::TransE, 30, 0.43, 0.93),
            (ModelKind::TransH, 30, 0.43, 0.92),
            (ModelKind::TransR, 30, 0.38, 0.93),
            (ModelKind::DistMult, 30, 0.70, 0.94),
            (ModelKind::ComplEx, 30, 0.59, 0.93),
            (ModelKind::RotatE, 30, 0.57, 0.93),
        ],
    );
}

#[test]
fn umls() {
    check(
        "umls",
        &[
            (ModelKind::TransE, 30, 0.66, 0.90),
            (ModelKind::TransH, 30, 0.70, 0.92),
            (ModelKind::TransR, 30, 0.71, 0.94),
            (ModelKind::DistMult, 30, 0.79, 0.93),
            (ModelKind::ComplEx, 30, 0.78, 0.92),
            (ModelKind::RotatE, 30, 0.74, 0.92),
        ],
    );
}

#[test]
fn kinships() {
    check(
        "kinships",
        &[
            (ModelKind::TransE, 30, 0.22, 0.32),
            (ModelKind::TransH, 30, 0.26, 0.44),
            (ModelKind::TransR, 30, 0.35, 0.58),
            (ModelKind::DistMult, 30, 0.51, 0.83),
            (ModelKind::ComplEx, 30, 0.58, 0.87),
            (ModelKind::RotatE, 30, 0.68, 0.91),
        ],
    );
}
