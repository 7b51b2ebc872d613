//! Learns a blend on the validation part and says what it reaches on the test part, beside its components.
//!
//! ```text
//! cargo run --release --example blend_quality -- labelled FOLDER seeds=5 …
//! cargo run --release --example blend_quality -- weighted user_artists.dat …
//! ```
//! `labelled`: `FOLDER` holds `ratings_final.mcclk.txt` (user, item, label) and `kg_final.mcclk.txt` (head, relation, tail;
//! items are the first entities). Rows are split 6 : 2 : 2 at random; pooled AUC, per-user AUC, calibration error and
//! log-loss of the test rows.
//! `weighted`: a heading, then lines of user, item and weight, of which only the ids count, split 8 : 1 : 1; NDCG@10 over
//! all items that the user did not have in another part. `split=per_user` splits the rows of each user.
//!
//! Components learn from the training part, the blend from the validation part, and neither sees the test part.
//! With `part=valid`, the blend learns from the rows of half of the validation part's users and is judged on those of the
//! others: that is what settings are to be chosen by. `compare=pairs=0+l2=10/without=walk+pairs=3/…` learns further blends of
//! the same components (`labelled` only). `only=PREFIX,…` and `without=PREFIX,…` choose features, `table=yes` prints the blend,
//! `blend.FIELD=value` sets a field of the blend's config, `COMPONENT.FIELD=value` one of a
//! component's (`dim`, `l2` and `unobserved_weight` of iALS, `l2` of EASE), `easy=N` and `hard=N` say how many negatives are drawn per
//! positive of the validation part (`weighted` only), `ratio=yes` adds positives to negatives of each item in the training
//! part (`labelled` only).

mod quality;

use quality::{Options, Row, arguments, ndcg_at_10, split, split_by_user};
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::evaluate::{ScoredRows, Statistic};
use sgr_engine::recommend::blend::{
    Blend, BlendConfig, BlendFeatures, BlendFit, BlendRows, Blended, ComponentConfig, ComponentModel, ComponentsFit,
    GraphEdges, NegativesConfig, default_components, log_ratio, sigmoid, with_negatives,
};
use sgr_engine::recommend::models::{Interactions, Recommender};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

impl Options {
    /// With `key=value` joined by `+` on top.
    fn changed(&self, changes: &str) -> Result<Options, Box<dyn Error>> {
        let mut options = self.0.clone();
        for change in changes.split('+').filter(|change| !change.is_empty()) {
            let (key, value) = change.split_once('=').ok_or_else(|| format!("{change} is not key=value"))?;
            let key = if ["without", "only"].contains(&key) { key.to_owned() } else { format!("blend.{key}") };
            options.insert(key, value.to_owned());
        }
        Ok(Options(options))
    }

    /// Whether a feature was chosen.
    fn is_wanted(&self, feature: &str) -> bool {
        let is_in = |list: &[&str]| list.iter().any(|prefix| feature.starts_with(prefix));
        let (only, without) = (self.list("only"), self.list("without"));
        (only.is_empty() || is_in(&only)) && !is_in(&without)
    }

    fn list(&self, key: &str) -> Vec<&str> {
        self.0.get(key).map_or_else(Vec::new, |list| list.split(',').collect())
    }
}

/// Rows with dense ids, and the edges of the knowledge graph.
struct Data {
    rows: Vec<Row>,
    user_count: usize,
    item_count: usize,
    heads: Vec<u32>,
    tails: Vec<u32>,
    entity_count: usize,
}

fn read_labelled(folder: &Path) -> Result<Data, Box<dyn Error>> {
    let numbers = |name: &str| -> Result<Vec<[u32; 3]>, Box<dyn Error>> {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let line = |line: &str| -> Result<[u32; 3], Box<dyn Error>> {
            let fields: Vec<u32> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
            <[u32; 3]>::try_from(fields).map_err(|_| format!("not three numbers: {line}").into())
        };
        text.lines().map(line).collect()
    };
    let (ratings, triples) = (numbers("ratings_final.mcclk.txt")?, numbers("kg_final.mcclk.txt")?);
    let count = |rows: &[[u32; 3]], at: usize| rows.iter().map(|row| row[at] as usize + 1).max().unwrap_or(0);
    let item_count = count(&ratings, 1);
    Ok(Data {
        rows: ratings.iter().map(|&[user, item, label]| Row { user, item, is_positive: label == 1 }).collect(),
        user_count: count(&ratings, 0),
        item_count,
        heads: triples.iter().map(|triple| triple[0]).collect(),
        tails: triples.iter().map(|triple| triple[2]).collect(),
        entity_count: count(&triples, 0).max(count(&triples, 2)).max(item_count),
    })
}

fn read_weighted(path: &Path) -> Result<Data, Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let (mut users, mut items) = (HashMap::new(), HashMap::new());
    let id = |ids: &mut HashMap<String, u32>, name: &str| {
        let next = ids.len() as u32;
        *ids.entry(name.to_owned()).or_insert(next)
    };
    let mut rows = Vec::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [user, item, _] = fields[..] else { return Err(format!("not three fields: {line}").into()) };
        rows.push(Row { user: id(&mut users, user), item: id(&mut items, item), is_positive: true });
    }
    let (user_count, item_count) = (users.len(), items.len());
    Ok(Data { rows, user_count, item_count, heads: vec![], tails: vec![], entity_count: item_count })
}

fn interactions(rows: &[Row], data: &Data) -> Result<Arc<Interactions>, Box<dyn Error>> {
    let positives = rows.iter().filter(|row| row.is_positive);
    let (users, items): (Vec<u32>, Vec<u32>) = positives.map(|row| (row.user, row.item)).unzip();
    Ok(Arc::new(Interactions::new(&users, &items, &[], data.user_count, data.item_count)?))
}

/// The features that are chosen: of components that learned from the training part, and of items.
fn features(
    train: &[Row],
    data: &Data,
    options: &Options,
    seed: u64,
    pool: &ThreadPool,
) -> Result<BlendFeatures, Box<dyn Error>> {
    let mut components = default_components(seed);
    for component in &mut components {
        let ComponentConfig { name, scales, model } = component;
        match model {
            ComponentModel::Ials(config) => {
                config.dim = options.get(&format!("{name}.dim"), config.dim)?;
                config.l2 = options.get(&format!("{name}.l2"), config.l2)?;
                config.unobserved_weight =
                    options.get(&format!("{name}.unobserved_weight"), config.unobserved_weight)?;
            }
            ComponentModel::Ease(config) => config.l2 = options.get(&format!("{name}.l2"), config.l2)?,
            _ => {}
        }
        scales.retain(|scale| options.is_wanted(&format!("{name} {scale}")));
    }
    components.retain(|component| !component.scales.is_empty());
    let graph = GraphEdges { heads: &data.heads, tails: &data.tails, entity_count: data.entity_count };
    let mut fit = ComponentsFit::new(interactions(train, data)?, Some(graph), components)?;
    while fit.step(pool)? < 1.0 {}
    let features = fit.finish()?;
    let mut of_items = features.of_items().to_vec();
    if options.get("ratio", "no".to_owned())? == "yes" {
        let mut counts = [vec![0; data.item_count], vec![0; data.item_count]];
        train.iter().for_each(|row| counts[usize::from(row.is_positive)][row.item as usize] += 1);
        of_items.push(log_ratio(&counts[1], &counts[0])?);
    }
    of_items.retain(|feature| options.is_wanted(&feature.name));
    Ok(BlendFeatures::new(features.components().to_vec(), of_items, features.taken().cloned())?)
}

fn blend_config(options: &Options, seed: u64) -> Result<BlendConfig, Box<dyn Error>> {
    let base = BlendConfig::default();
    Ok(BlendConfig {
        bins: options.get("blend.bins", base.bins)?,
        rounds: options.get("blend.rounds", base.rounds)?,
        learning_rate: options.get("blend.learning_rate", base.learning_rate)?,
        leaves: options.get("blend.leaves", base.leaves)?,
        min_rows: options.get("blend.min_rows", base.min_rows)?,
        l2: options.get("blend.l2", base.l2)?,
        bags: options.get("blend.bags", base.bags)?,
        holdout: options.get("blend.holdout", base.holdout)?,
        patience: options.get("blend.patience", base.patience)?,
        pairs: options.get("blend.pairs", base.pairs)?,
        pair_bins: options.get("blend.pair_bins", base.pair_bins)?,
        seed,
    })
}

fn columns(rows: &[Row]) -> (Vec<u32>, Vec<u32>, Vec<bool>) {
    (
        rows.iter().map(|row| row.user).collect(),
        rows.iter().map(|row| row.item).collect(),
        rows.iter().map(|row| row.is_positive).collect(),
    )
}

fn learn(
    features: &[String],
    rows: &[Row],
    weights: &[f32],
    values: &[f32],
    config: BlendConfig,
    pool: &ThreadPool,
) -> Result<Blend, Box<dyn Error>> {
    let (users, _, labels) = columns(rows);
    let mut fit =
        BlendFit::new(features.to_vec(), &BlendRows { users: &users, labels: &labels, values, weights }, config)?;
    while !fit.step(pool).done {}
    Ok(fit.finish()?)
}

/// The names and the values of some features.
fn chosen(options: &Options, names: &[String], values: &[f32]) -> (Vec<String>, Vec<f32>) {
    let kept: Vec<usize> = (0..names.len()).filter(|&at| options.is_wanted(&names[at])).collect();
    let values = values.chunks_exact(names.len()).flat_map(|values| kept.iter().map(|&at| values[at]));
    (kept.iter().map(|&at| names[at].clone()).collect(), values.collect())
}

/// Pooled AUC, per-user AUC, and for probabilities the calibration error and the log-loss.
fn metrics(rows: &[Row], scores: Vec<f64>, user_count: usize) -> Result<[f64; 4], Box<dyn Error>> {
    let (users, items, labels) = columns(rows);
    let scored = ScoredRows::new(users, items, labels, scores, user_count)?;
    let value = |statistic: &dyn Statistic| statistic.estimate().unwrap_or(f64::NAN);
    Ok([
        value(&scored.pooled_auc()),
        value(&scored.per_user_auc()),
        value(&scored.calibration(15)?),
        value(&scored.log_loss()),
    ])
}

fn by_user(rows: &[Row]) -> BTreeMap<u32, HashSet<u32>> {
    let mut items: BTreeMap<u32, HashSet<u32>> = BTreeMap::new();
    rows.iter().filter(|row| row.is_positive).for_each(|row| {
        items.entry(row.user).or_default().insert(row.item);
    });
    items
}

fn mean_ndcg(
    model: &dyn Recommender,
    hidden: &[&[Row]],
    wanted: &[Row],
    pool: &ThreadPool,
) -> Result<f64, Box<dyn Error>> {
    let (hidden, wanted) = (by_user(&hidden.concat()), by_user(wanted));
    let users: Vec<u32> = wanted.keys().copied().collect();
    let none = HashSet::new();
    let mut sum = 0.0;
    for users in users.chunks(64) {
        let mut scores = vec![0.0; users.len() * model.item_count()];
        model.score_users(users, &mut scores, pool)?;
        for (user, scores) in users.iter().zip(scores.chunks(model.item_count())) {
            let (hidden, wanted) = (hidden.get(user).unwrap_or(&none), &wanted[user]);
            sum += ndcg_at_10(scores, |item| hidden.contains(&item), |item| wanted.contains(&item), wanted.len());
        }
    }
    Ok(sum / wanted.len() as f64)
}

fn print_table(blend: &Blend) {
    let mut terms: Vec<usize> = (0..blend.terms().len()).collect();
    terms.sort_by(|&a, &b| blend.terms()[b].importance().total_cmp(&blend.terms()[a].importance()));
    for term in terms {
        println!("  {:<40} {:.4}", blend.term_name(term), blend.terms()[term].importance());
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (is_labelled, path, options) = arguments()?;
    let pool = ThreadPoolBuilder::new().num_threads(options.get("threads", 1)?).build()?;
    let data = if is_labelled { read_labelled(Path::new(&path))? } else { read_weighted(Path::new(&path))? };
    let on_validation = options.get("part", "test".to_owned())? == "valid";
    let is_by_user = !is_labelled && options.get("split", "rows".to_owned())? == "per_user";
    let first_seed: u64 = options.get("first_seed", 0)?;
    let seeds: u64 = options.get("seeds", 1)?;
    println!("{} rows, {} users, {} items", data.rows.len(), data.user_count, data.item_count);
    let mut figures: Vec<(String, Vec<[f64; 4]>)> = Vec::new();
    let mut note = |name: &str, found: [f64; 4]| match figures.iter_mut().find(|(known, _)| known == name) {
        Some((_, all)) => all.push(found),
        None => figures.push((name.to_owned(), vec![found])),
    };
    for seed in first_seed..first_seed + seeds {
        let [train, mut valid, mut test] = match is_by_user {
            true => split_by_user(&data.rows, seed)?,
            false => split(&data.rows, is_labelled, seed),
        };
        if on_validation {
            let is_judged = |row: &Row| (row.user ^ seed as u32).is_multiple_of(2);
            (test, valid) = valid.into_iter().partition(is_judged);
        }
        valid.sort_unstable();
        test.sort_unstable();
        let start = Instant::now();
        let features = features(&train, &data, &options, seed, &pool)?;
        let of_components = start.elapsed().as_secs_f64();
        let (learned, weights) = match is_labelled {
            true => (valid.clone(), Vec::new()),
            false => {
                let base = NegativesConfig::default();
                let (easy, hard) = (options.get("easy", base.easy)?, options.get("hard", base.hard)?);
                let config = NegativesConfig { easy, hard, seed };
                let (positives, learned) = (interactions(&valid, &data)?, interactions(&train, &data)?);
                let rows = with_negatives(&positives, &learned, &features, &config, &pool)?;
                let row = |at: usize| Row { user: rows.users[at], item: rows.items[at], is_positive: rows.labels[at] };
                ((0..rows.labels.len()).map(row).collect(), rows.weights)
            }
        };
        let (users, items, _) = columns(&learned);
        let learned_values = features.of_pairs(&users, &items, &pool)?;
        let start = Instant::now();
        let blend = learn(features.names(), &learned, &weights, &learned_values, blend_config(&options, seed)?, &pool)?;
        eprintln!(
            "seed {seed}: components {of_components:.1} s, blend {:.1} s on {} rows",
            start.elapsed().as_secs_f64(),
            learned.len()
        );
        if options.get("table", "no".to_owned())? == "yes" {
            print_table(&blend);
        }
        let width = features.names().len();
        if is_labelled {
            let (users, items, _) = columns(&test);
            let values = features.of_pairs(&users, &items, &pool)?;
            for (at, name) in features.names().iter().enumerate() {
                let scores = values.iter().skip(at).step_by(width).map(|&value| value.into()).collect();
                let [pooled, per_user, ..] = metrics(&test, scores, data.user_count)?;
                note(name, [pooled, per_user, f64::NAN, f64::NAN]);
            }
            let scores = values.chunks_exact(width).map(|values| blend.score(values).map(sigmoid));
            note("blend", metrics(&test, scores.collect::<Result<_, _>>()?, data.user_count)?);
            for changes in options.get("compare", String::new())?.split('/').filter(|changes| !changes.is_empty()) {
                let changed = options.changed(changes)?;
                let (names, learned_values) = chosen(&changed, features.names(), &learned_values);
                let blend = learn(&names, &learned, &weights, &learned_values, blend_config(&changed, seed)?, &pool)?;
                let (_, values) = chosen(&changed, features.names(), &values);
                let scores = values.chunks_exact(names.len()).map(|values| blend.score(values).map(sigmoid));
                note(changes, metrics(&test, scores.collect::<Result<_, _>>()?, data.user_count)?);
            }
        } else {
            let hidden: [&[Row]; 2] = [&train, if on_validation { &[] } else { &valid }];
            if options.get("components", "yes".to_owned())? == "yes" {
                for component in features.components() {
                    let ndcg = mean_ndcg(&*component.model, &hidden, &test, &pool)?;
                    note(&component.name, [ndcg, f64::NAN, f64::NAN, f64::NAN]);
                }
            }
            let blended = Blended::new(features, blend)?;
            let ndcg = mean_ndcg(&blended, &hidden, &test, &pool)?;
            note("blend", [ndcg, f64::NAN, f64::NAN, f64::NAN]);
        }
    }
    let headings: &[&str] = if is_labelled { &["pooled AUC", "per-user AUC", "ECE", "log-loss"] } else { &["NDCG@10"] };
    print!("{:<24}", "");
    headings.iter().for_each(|heading| print!(" {heading:>17}"));
    println!();
    for (name, all) in &figures {
        print!("{name:<24}");
        for at in 0..headings.len() {
            let mean = all.iter().map(|found| found[at]).sum::<f64>() / all.len() as f64;
            let squares = all.iter().map(|found| (found[at] - mean).powi(2)).sum::<f64>();
            let spread = (squares / (all.len().max(2) - 1) as f64).sqrt();
            if mean.is_finite() {
                print!("   {mean:.4} ± {spread:.4}");
            }
        }
        println!();
    }
    Ok(())
}
