//! Co-occurrence over generated playlists: 100,000 tracks in 200 communities, Zipf popularity inside each, playlist
//! lengths exponential with mean 30; 30,000 playlists (0.92 million entries) and 150,000 (4.6 million).

// criterion_group! makes a public function without documentation.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::cooccurrence::{Baskets, CooccurrenceConfig, Counter, Measure, estimate};
use std::sync::Arc;

const COMMUNITIES: usize = 200;
const TRACKS_PER_COMMUNITY: usize = 500;
const MEAN_LEN: f64 = 30.0;
/// Share of a playlist that comes from its own community.
const AT_HOME: f64 = 0.9;

/// `(basket ids, item ids)`, grouped by basket as a playlist table is.
fn playlists(count: usize, seed: u64) -> (Vec<i64>, Vec<i64>) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut popularity = Vec::with_capacity(TRACKS_PER_COMMUNITY);
    let mut sum = 0.0;
    for rank in 1..=TRACKS_PER_COMMUNITY {
        sum += 1.0 / rank as f64;
        popularity.push(sum);
    }
    let (mut baskets, mut items) = (Vec::new(), Vec::new());
    for playlist in 0..count {
        let home = rng.random_range(0..COMMUNITIES);
        let len = (-MEAN_LEN * (1.0 - rng.random::<f64>()).ln()).ceil() as usize;
        for _ in 0..len.max(1) {
            let community = if rng.random_bool(AT_HOME) { home } else { rng.random_range(0..COMMUNITIES) };
            let drawn = rng.random::<f64>() * sum;
            let rank = popularity.partition_point(|&up_to| up_to < drawn).min(TRACKS_PER_COMMUNITY - 1);
            baskets.push(playlist as i64);
            // Neighbours in a community are not neighbours in id.
            items.push((rank * COMMUNITIES + community) as i64);
        }
    }
    (baskets, items)
}

/// Counts everything; the number of neighbours found.
fn count_all(baskets: &Arc<Baskets>, config: &CooccurrenceConfig, pool: &ThreadPool) -> usize {
    let mut counter = Counter::new(Arc::clone(baskets), config.clone(), pool).expect("it fits");
    let mut neighbours = 0;
    while let Some(block) = counter.step(pool) {
        neighbours += block.neighbours.len();
    }
    neighbours
}

fn cooccurrence(criterion: &mut Criterion) {
    let pool = ThreadPoolBuilder::new().num_threads(2).build().expect("two threads start");
    let config = CooccurrenceConfig::default();
    let mut group = criterion.benchmark_group("cooccurrence");
    group.sample_size(10);
    for size in [30_000, 150_000] {
        let (basket_ids, item_ids) = playlists(size, 1);
        let build =
            || Arc::new(Baskets::from_entries(&basket_ids, &item_ids, &[], &config, &pool).expect("they are fine"));
        group.throughput(Throughput::Elements(item_ids.len() as u64));
        group.bench_function(BenchmarkId::new("from_entries", size), |bencher| bencher.iter(build));

        let baskets = build();
        group.throughput(Throughput::Elements(baskets.pair_increments()));
        for rank_by in Measure::ALL {
            let config = CooccurrenceConfig { rank_by, ..config.clone() };
            group.bench_function(BenchmarkId::new(format!("count {rank_by} top 100"), size), |bencher| {
                bencher.iter(|| count_all(&baskets, &config, &pool));
            });
        }
        let all_pairs = CooccurrenceConfig { top_k: None, ..config.clone() };
        group.bench_function(BenchmarkId::new("count cosine, all pairs", size), |bencher| {
            bencher.iter(|| count_all(&baskets, &all_pairs, &pool));
        });
        group.bench_function(BenchmarkId::new("estimate", size), |bencher| {
            bencher.iter(|| estimate(&baskets, &config, &pool));
        });
        group.bench_function(BenchmarkId::new("from entries to top 100", size), |bencher| {
            bencher.iter(|| count_all(&build(), &config, &pool));
        });
    }
    group.finish();
}

criterion_group!(benches, cooccurrence);
criterion_main!(benches);
