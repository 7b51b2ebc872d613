//! Trains MKR and MMSS-style models on a folder of MKR's files, with ablations and the control, and prints a table.
//!
//! ```text
//! cargo run --release --example joint_quality -- FOLDER seeds=5 threads=1 dim=16 rows=full,no_cross …
//! ```
//! `FOLDER` holds `ratings_final.mcclk.txt` (user, item, label) and `kg_final.mcclk.txt` (head, relation, tail), where items are
//! the first entities. Rows are split 6 : 2 : 2 at random, once per seed. Every choice is made on the validation rows;
//! the figures are of the test rows.

use rayon::ThreadPoolBuilder;
use sgr_engine::kge::TripleSet;
use sgr_engine::recommend::mkr::{
    Interactions, KgeInterval, MkrConfig, MkrTrainer, Phase, Predictor, Trained, permute_tails,
};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

type Row = (u32, u32, bool);

fn read(path: &Path) -> Result<Vec<[u32; 3]>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut rows = Vec::new();
    for line in text.lines() {
        let fields: Vec<u32> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        rows.push(<[u32; 3]>::try_from(fields).map_err(|_| format!("not three numbers: {line}"))?);
    }
    Ok(rows)
}

/// The order is all that is random here: a generator of its own keeps the split independent of the engine's.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    for last in (1..items.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        items.swap(last, (state % (last as u64 + 1)) as usize);
    }
}

fn auc(rows: &mut [(f32, bool)]) -> Option<f64> {
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = rows.iter().filter(|row| row.1).count() as f64;
    let negatives = rows.len() as f64 - positives;
    let (mut below, mut wins) = (0.0, 0.0);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let hits = tied.iter().filter(|row| row.1).count() as f64;
        wins += hits * (below + 0.5 * (tied.len() as f64 - hits));
        below += tied.len() as f64 - hits;
    }
    (positives > 0.0 && negatives > 0.0).then(|| wins / (positives * negatives))
}

/// Pooled AUC, per-user AUC, accuracy at a half, log-loss.
fn judge(predictor: &Predictor, rows: &Interactions) -> Result<[f64; 4], Box<dyn Error>> {
    let scores = predictor.pairs(rows.users(), rows.items())?;
    let mut all: Vec<(f32, bool)> = scores.iter().copied().zip(rows.labels().iter().copied()).collect();
    let (mut right, mut loss) = (0, 0.0);
    for &(score, label) in &all {
        let p = f64::from(predictor.probability(score)).clamp(1e-7, 1.0 - 1e-7);
        right += usize::from((p >= 0.5) == label);
        loss -= if label { p.ln() } else { (1.0 - p).ln() };
    }
    let mut by_user: Vec<Vec<(f32, bool)>> = vec![Vec::new(); rows.user_count()];
    for (&user, row) in rows.users().iter().zip(&all) {
        by_user[user as usize].push(*row);
    }
    let of_users: Vec<f64> = by_user.iter_mut().filter_map(|rows| auc(rows)).collect();
    let count = rows.len() as f64;
    Ok([
        auc(&mut all).unwrap_or(f64::NAN),
        of_users.iter().sum::<f64>() / of_users.len() as f64,
        right as f64 / count,
        loss / count,
    ])
}

fn set(config: &mut MkrConfig, key: &str, value: &str) -> Result<bool, Box<dyn Error>> {
    match key {
        "dim" => config.dim = value.parse()?,
        "cross_depth" => config.cross_depth = value.parse()?,
        "high_depth" => config.high_depth = value.parse()?,
        "epochs" => config.epochs = value.parse()?,
        "batch_size" => config.batch_size = value.parse()?,
        "lr_rec" => config.lr_rec = value.parse()?,
        "lr_kge" => config.lr_kge = value.parse()?,
        "kge_weight" => config.kge_weight = value.parse()?,
        "l2" => config.l2 = value.parse()?,
        "kge_interval" => config.kge_interval = KgeInterval::Epochs(value.parse()?),
        "kge_steps" => config.kge_interval = KgeInterval::Steps(value.parse()?),
        "kge_negatives" => config.kge_negatives = value.parse()?,
        "init_scale" => config.init_scale = value.parse()?,
        "selection" => config.selection = value.parse()?,
        "patience" => config.patience = value.parse()?,
        _ => return Ok(false),
    }
    Ok(true)
}

/// What the phases took, in seconds.
#[derive(Default)]
struct Times {
    recommendation: f64,
    embedding: f64,
    validation: f64,
    longest: f64,
}

fn train(mut trainer: MkrTrainer, pool: &rayon::ThreadPool, verbose: bool, times: &mut Times) -> Trained {
    let mut phase = trainer.progress().phase;
    let mut epochs_done = 0;
    while phase != Phase::Stopped {
        let start = Instant::now();
        let progress = trainer.step(pool);
        let took = start.elapsed().as_secs_f64();
        times.longest = times.longest.max(took);
        match phase {
            Phase::Recommendation => times.recommendation += took,
            Phase::Embedding => times.embedding += took,
            Phase::Validating | Phase::Stopped => times.validation += took,
        }
        phase = progress.phase;
        if verbose && progress.epochs_done > epochs_done {
            epochs_done = progress.epochs_done;
            let validation = progress.validation.map_or([f64::NAN; 2], |v| [v.pooled_auc, v.per_user_auc]);
            println!(
                "  epoch {epochs_done}: loss {:.4}, kge {:.4}, validation {:.4} / {:.4}, dead {:.3}",
                progress.rec_loss, progress.kge_loss, validation[0], validation[1], progress.dead_users
            );
        }
    }
    trainer.finish()
}

/// Top 10 of all items for every user; returns the seconds it took, and a checksum that keeps it from being left out.
fn rank_all(model: &Trained) -> (f64, u64) {
    let start = Instant::now();
    let predictor = model.model.predictor();
    let (items, block) = (predictor.item_count(), 64);
    let mut scores = vec![0.0; block * items];
    let mut order: Vec<(f32, u32)> = Vec::with_capacity(items);
    let mut checksum = 0_u64;
    for first in (0..predictor.user_count()).step_by(block) {
        let users = first..predictor.user_count().min(first + block);
        let scores = &mut scores[..users.len() * items];
        predictor.scores(users, scores);
        for row in scores.chunks_exact(items) {
            order.clear();
            let mut bound = f32::NEG_INFINITY;
            for (item, &score) in row.iter().enumerate() {
                if score > bound {
                    order.push((score, item as u32));
                    if order.len() == 128 {
                        order.select_nth_unstable_by(9, |a, b| b.0.total_cmp(&a.0));
                        order.truncate(10);
                        bound = order[9].0;
                    }
                }
            }
            order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
            checksum = order.iter().take(10).fold(checksum, |sum, top| sum.wrapping_mul(31) + u64::from(top.1));
        }
    }
    (start.elapsed().as_secs_f64(), checksum)
}

fn mean_and_spread(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares = values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>();
    (mean, if values.len() > 1 { (squares / (count - 1.0)).sqrt() } else { 0.0 })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder of MKR's files")?;
    let options: Vec<(String, String)> = arguments
        .map(|argument| argument.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned())))
        .collect::<Option<_>>()
        .ok_or("options are key=value")?;
    let option = |key: &str| options.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    let mut base = MkrConfig::default();
    for (key, value) in &options {
        let known = set(&mut base, key, value).map_err(|error| format!("{key}: {error}"))?;
        if !known && !["seeds", "first_seed", "threads", "rows", "verbose", "part"].contains(&key.as_str()) {
            return Err(format!("unknown option {key}").into());
        }
    }
    let pool = ThreadPoolBuilder::new().num_threads(option("threads").unwrap_or("1").parse()?).build()?;
    let seeds: u64 = option("seeds").unwrap_or("5").parse()?;
    let first_seed: u64 = option("first_seed").unwrap_or("0").parse()?;
    let verbose = option("verbose") == Some("yes");
    let on_validation = option("part") == Some("valid");
    let wanted = option("rows").unwrap_or("mkr,full,no_cross,single_activation,single_pred,no_kge,random_kg");

    let folder = Path::new(&folder);
    let ratings = read(&folder.join("ratings_final.mcclk.txt"))?;
    let triples = read(&folder.join("kg_final.mcclk.txt"))?;
    let count = |column: fn(&[u32; 3]) -> u32, rows: &[[u32; 3]]| rows.iter().map(column).max().map_or(0, |id| id + 1);
    let (users, items) = (count(|row| row[0], &ratings) as usize, count(|row| row[1], &ratings) as usize);
    let entities = count(|row| row[0].max(row[2]), &triples).max(items as u32) as usize;
    let relations = count(|row| row[1], &triples) as usize;
    let column = |at: usize| triples.iter().map(|triple| triple[at]).collect::<Vec<u32>>();
    let graph = Arc::new(TripleSet::new(column(0), column(1), column(2), entities, relations)?);
    let item_entities: Vec<u32> = (0..items as u32).collect();
    println!(
        "{users} users, {items} items, {entities} entities, {relations} relations, {} ratings, {} triples, {} thread(s)",
        ratings.len(),
        triples.len(),
        pool.current_num_threads()
    );
    println!("{base:?}");
    println!(
        "{:<18} {:>15} {:>15} {:>15} {:>15} {:>7} {:>8} {:>8} {:>8} {:>8}",
        "", "pooled AUC", "per-user AUC", "ACC", "log-loss", "epoch", "rec ms", "kg ms", "valid ms", "rank ms"
    );
    for name in wanted.split(',') {
        let mut config = base.clone();
        match name {
            "full" | "random_kg" => {}
            "mkr" => (config.single_activation, config.single_pred) = (true, true),
            "mkr_random_kg" => (config.single_activation, config.single_pred) = (true, true),
            "mkr_no_kge" => (config.single_activation, config.single_pred, config.no_kge) = (true, true, true),
            "no_cross" => config.no_cross = true,
            "single_activation" => config.single_activation = true,
            "single_pred" => config.single_pred = true,
            "no_kge" => config.no_kge = true,
            _ => return Err(format!("unknown row {name}").into()),
        }
        let mut figures: [Vec<f64>; 4] = Default::default();
        let (mut times, mut epochs, mut rows_done, mut triples_done, mut best) = (Times::default(), 0, 0, 0, 0);
        let (mut train_rows, mut rank) = (0, 0.0);
        for seed in first_seed..first_seed + seeds {
            let mut rows: Vec<Row> = ratings.iter().map(|&[user, item, label]| (user, item, label == 1)).collect();
            shuffle(&mut rows, seed + 1);
            let (train_end, valid_end) = (rows.len() * 6 / 10, rows.len() * 8 / 10);
            let part = |rows: &[Row]| {
                let (users_of, items_of) = rows.iter().map(|row| (row.0, row.1)).unzip();
                Interactions::new(users_of, items_of, rows.iter().map(|row| row.2).collect(), users, items)
            };
            let train_part = Arc::new(part(&rows[..train_end])?);
            let (valid, test) = (part(&rows[train_end..valid_end])?, part(&rows[valid_end..])?);
            train_rows = train_part.len();
            let graph = if name.ends_with("random_kg") { Arc::new(permute_tails(&graph, seed)) } else { graph.clone() };
            let config = MkrConfig { seed, ..config.clone() };
            let trainer = MkrTrainer::new(train_part, Some(&valid), &item_entities, graph, config, &pool)?;
            let trained = train(trainer, &pool, verbose, &mut times);
            let judged = judge(&trained.model.predictor(), if on_validation { &valid } else { &test })?;
            for (figures, figure) in figures.iter_mut().zip(judged) {
                figures.push(figure);
            }
            epochs += trained.progress.epochs_done;
            rows_done += trained.progress.rows_done;
            triples_done += trained.progress.triples_done;
            best += trained.epoch;
            let (took, checksum) = rank_all(&trained);
            rank += took;
            if verbose {
                println!(
                    "  seed {seed}: {:?}, {judged:.4?}, mixtures {:.3?} {:.3?}, checksum {checksum:x}",
                    trained.progress.stop,
                    trained.model.prediction_weights(),
                    trained.model.activation_weights()
                );
            }
        }
        let cells: Vec<String> = figures
            .iter()
            .map(|figures| {
                let (mean, spread) = mean_and_spread(figures);
                format!("{mean:.4} ± {spread:.4}")
            })
            .collect();
        let passes = |rows: u64, each: usize| (rows as f64 / each as f64).max(1.0);
        println!(
            "{name:<18} {} {:>7.1} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
            cells.join(" "),
            f64::from(best) / seeds as f64,
            times.recommendation * 1e3 / passes(rows_done, train_rows),
            times.embedding * 1e3 / passes(triples_done, triples.len()),
            times.validation * 1e3 / f64::from(epochs),
            rank * 1e3 / seeds as f64
        );
        if verbose {
            println!("  longest step {:.1} ms", times.longest * 1e3);
        }
    }
    Ok(())
}
