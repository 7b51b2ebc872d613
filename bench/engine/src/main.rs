//! `engine_alone FILE THREADS REPEATS`: counts the pairs of a file of `COPY (SELECT basket, item …) TO … (FORMAT binary)`
//! and prints one line of JSON per repeat. Timed is what a refresh does between reading its rows and writing them.

use rayon::ThreadPoolBuilder;
use sgr_engine::cooccurrence::{Baskets, CooccurrenceConfig, Counter};
use std::sync::Arc;
use std::time::Instant;

/// Signature, flags and extension length of a binary COPY file.
const HEADER: usize = 19;
/// Two fields: their count, then length and value of each.
const ROW: usize = 2 + 2 * (4 + 8);

fn columns(file: &[u8]) -> (Vec<i64>, Vec<i64>) {
    let big = |bytes: &[u8]| i64::from_be_bytes(bytes.try_into().expect("8 bytes"));
    file[HEADER..].chunks_exact(ROW).map(|row| (big(&row[6..14]), big(&row[18..26]))).unzip()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [path, threads, repeats] = args.as_slice() else {
        return Err("usage: engine_alone FILE THREADS REPEATS".into());
    };
    let (basket_ids, item_ids) = columns(&std::fs::read(path)?);
    let pool = ThreadPoolBuilder::new().num_threads(threads.parse()?).build()?;
    let config = CooccurrenceConfig::default();
    for _ in 0..repeats.parse()? {
        let started = Instant::now();
        let baskets = Arc::new(pool.install(|| Baskets::from_entries(&basket_ids, &item_ids, &[], &config, &pool))?);
        let build = started.elapsed();
        let mut counter = Counter::new(Arc::clone(&baskets), config.clone(), &pool)?;
        let (mut rows, mut pairs) = (0, 0);
        while let Some(block) = counter.step(&pool) {
            rows += block.item_ids.len();
            pairs += block.neighbours.len();
        }
        let total = started.elapsed();
        println!(
            "{{\"entries\": {}, \"rows\": {rows}, \"pairs\": {pairs}, \"build\": {:.6}, \"count\": {:.6}}}",
            basket_ids.len(),
            build.as_secs_f64(),
            (total - build).as_secs_f64()
        );
    }
    Ok(())
}
