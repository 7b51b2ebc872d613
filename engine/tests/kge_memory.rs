//! The estimate of memory against what an allocator counts.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]
// An allocator is unsafe by its trait.
#![allow(unsafe_code)]

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::ThreadPoolBuilder;
use sgr_engine::kge::{
    Corruption, GraphSize, KgeConfig, ModelKind, Norm, Optimizer, Phase, Trainer, TripleSet, estimate,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

static USED: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: all work is done by the system's allocator; the rest is counting.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let used = USED.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(used, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        USED.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The most bytes in use during a training, of which the triples' columns are a part.
fn measure(config: &KgeConfig, size: &GraphSize, threads: usize) -> usize {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut triples = |count: usize| {
        let mut column = |most: usize| (0..count).map(|_| rng.random_range(0..most as u32)).collect();
        let (heads, relations, tails) = (column(size.entities), column(size.relations), column(size.entities));
        TripleSet::new(heads, relations, tails, size.entities, size.relations).unwrap()
    };
    let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.broadcast(|_| ());
    let before = USED.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    let train = Arc::new(triples(size.triples));
    let valid = (size.validation_triples > 0).then(|| triples(size.validation_triples));
    let mut trainer = Trainer::new(train, valid.as_ref(), config.clone(), &pool).unwrap();
    while trainer.step(&pool).phase != Phase::Stopped {}
    MOST.load(Ordering::Relaxed) - before
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn estimates_are_within_a_tenth() {
    let size = GraphSize { entities: 20_000, relations: 50, triples: 30_000, validation_triples: 0 };
    let base = KgeConfig { epochs: 1, pretrain_epochs: 0, dim: 64, ..KgeConfig::default() };
    let of = |model| KgeConfig { model, ..base.clone() };
    let cases = [
        (base.clone(), size, 1),
        (base.clone(), size, 2),
        (KgeConfig { keep_copy: false, ..base.clone() }, size, 1),
        (KgeConfig { optimizer: Optimizer::Adam, ..base.clone() }, size, 1),
        (KgeConfig { optimizer: Optimizer::Adagrad, filter_negatives: false, ..base.clone() }, size, 1),
        (KgeConfig { corruption: Corruption::Bernoulli, ..base.clone() }, size, 1),
        (KgeConfig { type_constrained: true, ..base.clone() }, size, 1),
        (KgeConfig { norm: Norm::L1, chunk: 1024, negatives: 1024, ..base.clone() }, size, 2),
        (base.clone(), GraphSize { triples: 300_000, ..size }, 1),
        (base.clone(), GraphSize { validation_triples: 5_000, ..size }, 1),
        (of(ModelKind::TransH), size, 2),
        (of(ModelKind::TransR), GraphSize { triples: 10_000, ..size }, 1),
        (of(ModelKind::ComplEx), size, 1),
        (KgeConfig { norm: Norm::L1, ..of(ModelKind::RotatE) }, size, 1),
    ];
    for (config, size, threads) in cases {
        let (guess, truth) = (estimate(&config, &size, threads), measure(&config, &size, threads));
        let ratio = guess.total() as f64 / truth as f64;
        assert!(
            (0.9..=1.1).contains(&ratio),
            "{ratio:.3}: {guess:?} but {truth} for {config:?}, {size:?}, {threads} threads"
        );
    }
}
