//! Fits recommenders on a file of interactions and says how well they rank what was held out.
//!
//! ```text
//! cargo run --release --example recommend_quality -- labelled ratings_final.txt ials.dim=16 …
//! cargo run --release --example recommend_quality -- weighted user_artists.dat models=ease,ials …
//! ```
//! `labelled`: lines `user<TAB>item<TAB>0 or 1`, split 6:2:2 at random; AUC over all test rows, and the mean AUC of users.
//! `weighted`: a heading, then lines `user<TAB>item<TAB>weight`, of which only the ids count, split 8:1:1; NDCG@10 over all
//! items that the user did not have in another part; `split=per_user` splits the rows of each user. `part=valid` judges by the validation part, to choose parameters by;
//! `seeds=5` repeats all with other splits; `threads=2`; `MODEL.FIELD=value` sets a field of a model's config.

mod quality;

use quality::{Options, Row, arguments, ndcg_at_10, split, split_by_user};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::recommend::models::{
    BprConfig, BprFit, EaseConfig, EaseFit, Fit, IalsConfig, IalsFit, Interactions, ItemKnnConfig, ItemKnnFit,
    LightGcnConfig, LightGcnFit, ModelError, Popularity, Recommender, Rp3BetaConfig, Rp3BetaFit,
};
use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

const MODELS: [&str; 7] = ["popularity", "item_knn", "rp3beta", "ease", "ials", "bpr", "lightgcn"];

/// The rows of the file with dense ids, and how many users and items there are.
fn read(path: &str, is_labelled: bool) -> Result<(Vec<Row>, usize, usize), Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let (mut users, mut items) = (HashMap::new(), HashMap::new());
    let id = |ids: &mut HashMap<String, u32>, name: &str| {
        let next = ids.len() as u32;
        *ids.entry(name.to_owned()).or_insert(next)
    };
    let mut rows = Vec::new();
    for line in text.lines().skip(usize::from(!is_labelled)) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [user, item, value] = fields[..] else { return Err(format!("not three fields: {line}").into()) };
        let (user, item) = (id(&mut users, user), id(&mut items, item));
        rows.push(Row { user, item, is_positive: !is_labelled || value == "1" });
    }
    Ok((rows, users.len(), items.len()))
}

/// The most milliseconds of a step, and the model.
fn run<F>(fit: Result<F, ModelError>, pool: &ThreadPool) -> Result<(f64, Box<dyn Recommender>), ModelError>
where
    F: Fit,
    F::Model: 'static,
{
    let (mut fit, mut longest) = (fit?, 0.0_f64);
    loop {
        let before = Instant::now();
        let progress = fit.step(pool)?;
        longest = longest.max(before.elapsed().as_secs_f64() * 1e3);
        if progress.done {
            return Ok((longest, Box::new(fit.finish()?)));
        }
    }
}

fn fit(
    model: &str,
    train: &Arc<Interactions>,
    options: &Options,
    seed: u64,
    pool: &ThreadPool,
) -> Result<(f64, Box<dyn Recommender>), Box<dyn Error>> {
    let train = Arc::clone(train);
    let fitted = match model {
        "popularity" => Ok((0.0, Box::new(Popularity::new(&train)) as Box<dyn Recommender>)),
        "item_knn" => {
            let base = ItemKnnConfig::default();
            let config = ItemKnnConfig {
                neighbours: options.get("item_knn.neighbours", base.neighbours)?,
                shrinkage: options.get("item_knn.shrinkage", base.shrinkage)?,
                ..base
            };
            run(ItemKnnFit::new(train, config, pool), pool)
        }
        "rp3beta" => {
            let base = Rp3BetaConfig::default();
            let config = Rp3BetaConfig {
                alpha: options.get("rp3beta.alpha", base.alpha)?,
                beta: options.get("rp3beta.beta", base.beta)?,
                neighbours: options.get("rp3beta.neighbours", base.neighbours)?,
                ..base
            };
            run(Rp3BetaFit::new(train, config, pool), pool)
        }
        "ease" => {
            let base = EaseConfig::default();
            let config = EaseConfig { l2: options.get("ease.l2", base.l2)?, ..base };
            run(EaseFit::new(train, config), pool)
        }
        "ials" => {
            let base = IalsConfig::default();
            let config = IalsConfig {
                dim: options.get("ials.dim", base.dim)?,
                epochs: options.get("ials.epochs", base.epochs)?,
                unobserved_weight: options.get("ials.unobserved_weight", base.unobserved_weight)?,
                l2: options.get("ials.l2", base.l2)?,
                frequency_exponent: options.get("ials.frequency_exponent", base.frequency_exponent)?,
                init_scale: options.get("ials.init_scale", base.init_scale)?,
                seed,
                ..base
            };
            run(IalsFit::new(train, config, pool), pool)
        }
        "bpr" => {
            let base = BprConfig::default();
            let config = BprConfig {
                dim: options.get("bpr.dim", base.dim)?,
                epochs: options.get("bpr.epochs", base.epochs)?,
                learning_rate: options.get("bpr.learning_rate", base.learning_rate)?,
                l2: options.get("bpr.l2", base.l2)?,
                seed,
                ..base
            };
            run(BprFit::new(train, config), pool)
        }
        "lightgcn" => {
            let base = LightGcnConfig::default();
            let config = LightGcnConfig {
                dim: options.get("lightgcn.dim", base.dim)?,
                layers: options.get("lightgcn.layers", base.layers)?,
                epochs: options.get("lightgcn.epochs", base.epochs)?,
                batch: options.get("lightgcn.batch", base.batch)?,
                learning_rate: options.get("lightgcn.learning_rate", base.learning_rate)?,
                l2: options.get("lightgcn.l2", base.l2)?,
                seed,
                ..base
            };
            run(LightGcnFit::new(train, config), pool)
        }
        _ => return Err(format!("unknown model {model}: use some of {}", MODELS.join(",")).into()),
    };
    Ok(fitted?)
}

/// The part of pairs of a positive and a negative in which the positive is higher; a tie is half of one.
fn auc(rows: &mut [(f32, bool)]) -> Option<f64> {
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = rows.iter().filter(|row| row.1).count() as f64;
    let negatives = rows.len() as f64 - positives;
    let (mut below, mut won) = (0.0, 0.0);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let of_tie = tied.iter().filter(|row| row.1).count() as f64;
        won += of_tie * (below + (tied.len() as f64 - of_tie) / 2.0);
        below += tied.len() as f64 - of_tie;
    }
    (positives > 0.0 && negatives > 0.0).then(|| won / (positives * negatives))
}

/// What part of the user's other scores is below, ties half.
fn ranks_in_user(scores: &[f32]) -> Vec<f32> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let mut ranks = vec![0.0; scores.len()];
    let mut below = 0;
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let rank = (below as f32 + tied.len() as f32 / 2.0) / scores.len() as f32;
        tied.iter().for_each(|&item| ranks[item] = rank);
        below += tied.len();
    }
    ranks
}

/// Names and values of the metrics.
fn judge(
    model: &dyn Recommender,
    judged: &[Row],
    hidden: &[Row],
    is_labelled: bool,
    pool: &ThreadPool,
) -> Result<Vec<(&'static str, f64)>, ModelError> {
    let mut rows_of: BTreeMap<u32, (Vec<Row>, Vec<u32>)> = BTreeMap::new();
    for row in judged {
        rows_of.entry(row.user).or_default().0.push(*row);
    }
    for row in hidden {
        if let Some(of_user) = rows_of.get_mut(&row.user) {
            of_user.1.push(row.item);
        }
    }
    let users: Vec<u32> = rows_of.keys().copied().collect();
    let (mut pooled, mut ranked, mut sums, mut counts) = (Vec::new(), Vec::new(), [0.0; 2], [0.0; 2]);
    for users in users.chunks(256) {
        let mut scores = vec![0.0; users.len() * model.item_count()];
        model.score_users(users, &mut scores, pool)?;
        for (user, scores) in users.iter().zip(scores.chunks(model.item_count())) {
            let (rows, hidden) = &rows_of[user];
            if is_labelled {
                let ranks = ranks_in_user(scores);
                let mut own: Vec<(f32, bool)> =
                    rows.iter().map(|row| (scores[row.item as usize], row.is_positive)).collect();
                pooled.extend_from_slice(&own);
                ranked.extend(rows.iter().map(|row| (ranks[row.item as usize], row.is_positive)));
                if let Some(auc) = auc(&mut own) {
                    sums[0] += auc;
                    counts[0] += 1.0;
                }
            } else {
                let wanted: Vec<u32> = rows.iter().map(|row| row.item).collect();
                sums[1] +=
                    ndcg_at_10(scores, |item| hidden.contains(&item), |item| wanted.contains(&item), wanted.len());
                counts[1] += 1.0;
            }
        }
    }
    Ok(if is_labelled {
        let auc = |rows: &mut [(f32, bool)]| auc(rows).unwrap_or(f64::NAN);
        vec![("AUC", auc(&mut pooled)), ("AUC of ranks", auc(&mut ranked)), ("AUC per user", sums[0] / counts[0])]
    } else {
        vec![("NDCG@10", sums[1] / counts[1])]
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let (is_labelled, path, options) = arguments()?;
    let pool = ThreadPoolBuilder::new().num_threads(options.get("threads", 2)?).build()?;
    let (rows, user_count, item_count) = read(&path, is_labelled)?;
    println!("{} rows, {user_count} users, {item_count} items", rows.len());
    let models = options.get("models", MODELS.join(","))?;
    let seeds: u64 = options.get("seeds", 1)?;
    let is_by_user = !is_labelled && options.get("split", "rows".to_owned())? == "per_user";
    let judge_validation = options.get("part", "test".to_owned())? == "valid";
    for model in models.split(',') {
        let mut sums: Vec<(&str, f64, f64)> = Vec::new();
        let (mut seconds, mut scoring, mut longest) = (0.0, 0.0, 0.0_f64);
        for seed in 0..seeds {
            let [train, valid, test] = match is_by_user {
                true => split_by_user(&rows, seed)?,
                false => split(&rows, is_labelled, seed),
            };
            let positives = train.iter().filter(|row| row.is_positive);
            let (users, items): (Vec<u32>, Vec<u32>) = positives.map(|row| (row.user, row.item)).unzip();
            let train_set = Arc::new(Interactions::new(&users, &items, &[], user_count, item_count)?);
            let start = Instant::now();
            let (step, fitted) = fit(model, &train_set, &options, seed, &pool)?;
            seconds += start.elapsed().as_secs_f64();
            longest = longest.max(step);
            let (judged, hidden) = match judge_validation {
                true => (&valid, train),
                false => (&test, [&train[..], &valid].concat()),
            };
            let start = Instant::now();
            let metrics = judge(&*fitted, judged, &hidden, is_labelled, &pool)?;
            scoring += start.elapsed().as_secs_f64();
            sums.resize(metrics.len(), ("", 0.0, 0.0));
            for (sum, (name, value)) in sums.iter_mut().zip(metrics) {
                *sum = (name, sum.1 + value, sum.2 + value * value);
            }
        }
        let count = seeds as f64;
        print!("{model:<12}");
        for (name, sum, squares) in sums {
            let mean = sum / count;
            let spread = (squares / count - mean * mean).max(0.0).sqrt();
            print!("  {name} {mean:.4} ±{spread:.4}");
        }
        println!("  fit {:.3} s, longest step {longest:.0} ms, judged {:.3} s", seconds / count, scoring / count);
    }
    Ok(())
}
