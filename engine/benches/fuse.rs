//! Fusion of invented artist names, a tenth of them duplicates, and the splitting of their credits. The million of the
//! promise is an ignored test: `cargo test --release --test fuse_align -- --ignored --nocapture`.

// criterion_group! makes a public function without documentation.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sgr_engine::fuse::align::{AlignConfig, EntityKind, align};
use sgr_engine::fuse::credits::{KnownNames, artist_credits};
use sgr_engine::fuse::name_key;
use std::hint::black_box;
use std::sync::atomic::AtomicBool;

#[path = "../tests/fuse_names/mod.rs"]
mod fuse_names;

fn fusion(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("fuse");
    group.sample_size(10);
    for size in [1_000, 10_000, 100_000] {
        let invented = fuse_names::invent(size, 7);
        let rows = invented.rows();
        group.throughput(Throughput::Elements(size as u64));
        group.bench_with_input(BenchmarkId::new("align", size), &rows, |bencher, rows| {
            bencher.iter(|| align(EntityKind::Artist, rows, &AlignConfig::default(), &AtomicBool::new(false)));
        });
        group.bench_with_input(BenchmarkId::new("name_key", size), &rows, |bencher, rows| {
            bencher.iter(|| rows.iter().for_each(|row| drop(black_box(name_key(row.name)))));
        });
        group.bench_with_input(BenchmarkId::new("known_names", size), &rows, |bencher, rows| {
            bencher.iter(|| KnownNames::from_counts(rows.iter().map(|row| (row.name, row.weight))));
        });
        let known = KnownNames::from_counts(rows.iter().map(|row| (row.name, row.weight)));
        let fields: Vec<String> =
            rows.windows(2).map(|pair| format!("{} & {} feat. Somebody", pair[0].name, pair[1].name)).collect();
        group.bench_with_input(BenchmarkId::new("artist_credits", size), &fields, |bencher, fields| {
            bencher.iter(|| fields.iter().for_each(|field| drop(black_box(artist_credits(field, &known)))));
        });
    }
    group.finish();
}

criterion_group!(benches, fusion);
criterion_main!(benches);
