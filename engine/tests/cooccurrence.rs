//! Co-occurrence against a naive self-join over hash maps.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::cooccurrence::{
    Baskets, CooccurrenceConfig, CooccurrenceError, Counter, DEFAULT_MAX_BASKET_LEN, DEFAULT_MEMORY_LIMIT,
    DEFAULT_MIN_TOGETHER, DEFAULT_TOP_K, Estimate, Measure, RowBlock, estimate,
};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// One row: item, its baskets, and `(neighbour, together, baskets of the neighbour)` in order.
type Row = (i64, u32, Vec<(i64, u32, u32)>);

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

fn columns(entries: &[(i64, i64)]) -> (Vec<i64>, Vec<i64>) {
    entries.iter().copied().unzip()
}

fn build(entries: &[(i64, i64)], owners: &[(i64, i64)], config: &CooccurrenceConfig, pool: &ThreadPool) -> Baskets {
    let (baskets, items) = columns(entries);
    Baskets::from_entries(&baskets, &items, owners, config, pool).unwrap()
}

fn all_blocks(mut counter: Counter, pool: &ThreadPool) -> Vec<RowBlock> {
    let mut blocks = Vec::new();
    while let Some(block) = counter.step(pool) {
        blocks.push(block);
    }
    assert_eq!(counter.items_done(), counter.items_total());
    assert!(counter.step(pool).is_none());
    blocks
}

fn rows_of(blocks: &[RowBlock]) -> Vec<Row> {
    let mut rows = Vec::new();
    for block in blocks {
        assert_eq!(block.offsets.len(), block.item_ids.len() + 1);
        assert_eq!(block.offsets.first(), Some(&0));
        assert_eq!(block.offsets.last(), Some(&block.neighbours.len()));
        assert_eq!(block.together.len(), block.neighbours.len());
        assert_eq!(block.neighbour_baskets.len(), block.neighbours.len());
        for row in 0..block.item_ids.len() {
            let neighbours = (block.offsets[row]..block.offsets[row + 1])
                .map(|at| (block.neighbours[at], block.together[at] as u32, block.neighbour_baskets[at] as u32))
                .collect();
            rows.push((block.item_ids[row], block.baskets[row] as u32, neighbours));
        }
    }
    rows
}

fn count(baskets: &Arc<Baskets>, config: &CooccurrenceConfig, pool: &ThreadPool) -> Vec<Row> {
    rows_of(&all_blocks(Counter::new(Arc::clone(baskets), config.clone(), pool).unwrap(), pool))
}

/// The self-join, written for plainness.
#[derive(Default)]
struct Naive {
    baskets: BTreeMap<i64, BTreeSet<i64>>,
    skipped: usize,
    item_baskets: BTreeMap<i64, u32>,
    together: HashMap<(i64, i64), u32>,
}

impl Naive {
    fn new(entries: &[(i64, i64)], owners: &[(i64, i64)], config: &CooccurrenceConfig) -> Self {
        let mut baskets: BTreeMap<i64, BTreeSet<i64>> = BTreeMap::new();
        for &(basket, item) in entries {
            baskets.entry(basket).or_default().insert(item);
        }
        let all = baskets.len();
        baskets.retain(|_, items| items.len() <= config.max_basket_len.unwrap_or(usize::MAX));
        let mut owner_of: HashMap<i64, i64> = HashMap::new();
        for &(basket, owner) in owners {
            owner_of.entry(basket).and_modify(|known| *known = owner.min(*known)).or_insert(owner);
        }
        // Baskets per (item, item, owner); with itself for the item alone.
        let mut by_owner: HashMap<(i64, i64, Result<i64, i64>), u32> = HashMap::new();
        for (basket, items) in &baskets {
            let owner = owner_of.get(basket).copied().ok_or(*basket);
            for &a in items {
                for &b in items {
                    *by_owner.entry((a, b, owner)).or_default() += 1;
                }
            }
        }
        let cap = config.max_per_owner.unwrap_or(u32::MAX);
        let (mut item_baskets, mut together) = (BTreeMap::new(), HashMap::new());
        for (&(a, b, _), &common) in &by_owner {
            if a == b {
                *item_baskets.entry(a).or_default() += common.min(cap);
            } else {
                *together.entry((a, b)).or_default() += common.min(cap);
            }
        }
        Naive { skipped: all - baskets.len(), baskets, item_baskets, together }
    }

    fn weight(len: usize) -> u64 {
        ((1_u64 << 30) as f64 / (len as f64).ln_1p()).round() as u64
    }

    fn weighted_cosine(&self, a: i64, b: i64) -> f64 {
        let sum = |holds: &dyn Fn(&BTreeSet<i64>) -> bool| -> u64 {
            self.baskets.values().filter(|items| holds(items)).map(|items| Self::weight(items.len())).sum()
        };
        let common = sum(&|items| items.contains(&a) && items.contains(&b));
        let (of_a, of_b) = (sum(&|items| items.contains(&a)), sum(&|items| items.contains(&b)));
        (common as f64 / (of_a as f64 * of_b as f64).sqrt()).min(1.0)
    }

    /// `Less` if the first neighbour, `(id, together, baskets)`, has the larger value: as fractions.
    fn compare(&self, measure: Measure, a: i64, left: (i64, u32, u32), right: (i64, u32, u32)) -> Ordering {
        let na = u128::from(self.item_baskets[&a]);
        let fraction = |(_, t, nb): (i64, u32, u32)| {
            let (t, nb) = (u128::from(t), u128::from(nb));
            match measure {
                Measure::Cosine => (t * t, na * nb),
                Measure::Together => (t, 1),
                Measure::Jaccard => (t, na + nb - t),
                Measure::Lift => (t * self.baskets.len().max(1) as u128, na * nb),
                Measure::WeightedCosine => unreachable!("not a fraction"),
            }
        };
        let by_value = if measure == Measure::WeightedCosine {
            self.weighted_cosine(a, right.0).total_cmp(&self.weighted_cosine(a, left.0))
        } else {
            let ((p1, q1), (p2, q2)) = (fraction(left), fraction(right));
            (p2 * q1).cmp(&(p1 * q2))
        };
        by_value.then(right.1.cmp(&left.1)).then(left.0.cmp(&right.0))
    }

    fn rows(&self, config: &CooccurrenceConfig) -> Vec<Row> {
        let row = |(&a, &na): (&i64, &u32)| {
            let mut neighbours: Vec<(i64, u32, u32)> = self
                .together
                .iter()
                .filter(|&(&(item, _), &t)| item == a && t >= config.min_together)
                .map(|(&(_, b), &t)| (b, t, self.item_baskets[&b]))
                .collect();
            neighbours.sort_by(|&left, &right| self.compare(config.rank_by, a, left, right));
            neighbours.truncate(config.top_k.unwrap_or(usize::MAX));
            (a, na, neighbours)
        };
        self.item_baskets.iter().map(row).collect()
    }
}

/// Ids near each other, far apart, and at the ends.
fn id(kinds: usize) -> impl Strategy<Value = i64> {
    let few = kinds as i64;
    prop_oneof![
        8 => (0..few).boxed(),
        2 => (0..few).prop_map(|id| id * 1_000_003_000_007 - 7).boxed(),
        1 => prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(i64::MIN + 1), Just(-1)].boxed(),
    ]
}

fn compact_id(kinds: usize) -> impl Strategy<Value = i64> {
    (-3..kinds as i64).boxed()
}

fn entries() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let any_ids = prop::collection::vec((id(25), id(18)), 0..400);
    let compact = prop::collection::vec((compact_id(40), compact_id(20)), 0..400);
    let ordered = (prop_oneof![any_ids, compact], any::<bool>());
    ordered.prop_map(|(mut entries, sort)| {
        if sort {
            entries.sort_by_key(|&(basket, _)| basket);
        }
        entries
    })
}

prop_compose! {
    fn config()(
        top_k in prop::option::of(1..12_usize),
        rank_by in prop::sample::select(&Measure::ALL[..]),
        min_together in 1..4_u32,
        max_basket_len in prop::option::of(1..25_usize),
        max_per_owner in prop::option::of(1..4_u32),
    ) -> CooccurrenceConfig {
        let max_per_owner = max_per_owner.filter(|_| rank_by != Measure::WeightedCosine);
        CooccurrenceConfig { top_k, rank_by, min_together, max_basket_len, max_per_owner, ..Default::default() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn equals_the_naive_self_join(
        entries in entries(),
        owners in prop::collection::vec((id(25), id(4)), 0..40),
        config in config(),
        threads in 1..4_usize,
    ) {
        let pool = pool(threads);
        let baskets = Arc::new(build(&entries, &owners, &config, &pool));
        let naive = Naive::new(&entries, &owners, &config);
        prop_assert_eq!(baskets.entries_read(), entries.len());
        prop_assert_eq!(baskets.baskets_skipped(), naive.skipped);
        prop_assert_eq!(baskets.basket_ids(), naive.baskets.keys().copied().collect::<Vec<_>>());
        prop_assert_eq!(baskets.item_ids(), naive.item_baskets.keys().copied().collect::<Vec<_>>());
        prop_assert_eq!(baskets.item_baskets(), naive.item_baskets.values().copied().collect::<Vec<_>>());
        let lens = naive.baskets.values().map(|items| items.len() as u64);
        prop_assert_eq!(baskets.distinct_entries() as u64, lens.clone().sum::<u64>());
        prop_assert_eq!(baskets.pair_increments(), lens.map(|len| len * (len - 1)).sum::<u64>());

        let blocks = all_blocks(Counter::new(Arc::clone(&baskets), config.clone(), &pool).unwrap(), &pool);
        let rows = rows_of(&blocks);
        prop_assert_eq!(&rows, &naive.rows(&config));
        for block in &blocks {
            prop_assert_eq!(block.weighted.is_some(), config.rank_by == Measure::WeightedCosine);
            let Some(weighted) = &block.weighted else { continue };
            for (row, &a) in block.item_ids.iter().enumerate() {
                let range = block.offsets[row]..block.offsets[row + 1];
                let expected: Vec<f32> =
                    block.neighbours[range.clone()].iter().map(|&b| naive.weighted_cosine(a, b) as f32).collect();
                prop_assert_eq!(&weighted[range], expected);
            }
        }

        let expected = Estimate {
            entries: entries.len(),
            baskets: naive.baskets.len(),
            baskets_skipped: naive.skipped,
            items: naive.item_baskets.len(),
            pair_increments: baskets.pair_increments(),
            memory_bytes: estimate(&baskets, &config, &pool).memory_bytes,
            rows: rows.len() as u64,
            pairs: rows.iter().map(|row| row.2.len() as u64).sum(),
        };
        prop_assert_eq!(estimate(&baskets, &config, &pool), expected);
        prop_assert!(expected.memory_bytes >= entries.len() * 16 + baskets.memory_bytes());
    }

    #[test]
    fn some_rows_of_partly_loaded_baskets_equal_those_of_a_full_run(
        entries in entries(),
        owners in prop::collection::vec((id(25), id(4)), 0..40),
        config in config(),
        threads in 1..4_usize,
        wanted in prop::collection::vec(id(18), 0..8),
    ) {
        // The lift counts all baskets, but orders the same without them.
        prop_assume!(config.rank_by != Measure::WeightedCosine);
        let pool = pool(threads);
        let full = Arc::new(build(&entries, &owners, &config, &pool));
        let expected: Vec<Row> =
            count(&full, &config, &pool).into_iter().filter(|row| wanted.contains(&row.0)).collect();
        let of_full = Counter::for_items(Arc::clone(&full), config.clone(), &wanted, &pool).unwrap();
        prop_assert_eq!(of_full.items_total(), expected.len());
        prop_assert_eq!(&rows_of(&all_blocks(of_full, &pool)), &expected);

        // As an incremental refresh does: only the baskets that hold one of the items.
        let touched: BTreeSet<i64> =
            entries.iter().filter(|(_, item)| wanted.contains(item)).map(|&(basket, _)| basket).collect();
        let loaded: Vec<(i64, i64)> = entries.iter().copied().filter(|(basket, _)| touched.contains(basket)).collect();
        let mut part = build(&loaded, &owners, &config, &pool);
        let known: Vec<(i64, u32)> =
            full.item_ids().iter().copied().zip(full.item_baskets().iter().copied()).collect();
        part.set_item_baskets(&known);
        let of_part = Counter::for_items(Arc::new(part), config, &wanted, &pool).unwrap();
        prop_assert_eq!(&rows_of(&all_blocks(of_part, &pool)), &expected);
    }

    #[test]
    fn neither_order_of_input_nor_threads_nor_repetition_matter(
        entries in entries(),
        config in config(),
        threads in 2..4_usize,
        shuffle in any::<u64>(),
    ) {
        let one = pool(1);
        let mut other = entries.clone();
        other.sort_by_key(|&(a, b)| (a as u64 ^ shuffle).wrapping_mul(0x9E37_79B9_7F4A_7C15 ^ b as u64));
        other.extend_from_slice(&entries[..entries.len() / 2]);
        let many = pool(threads);
        let expected = count(&Arc::new(build(&entries, &[], &config, &one)), &config, &one);
        let found = count(&Arc::new(build(&other, &[], &config, &many)), &config, &many);
        prop_assert_eq!(found, expected);
    }
}

/// Numbers from a small generator, so that large cases need no strategy.
fn numbers(mut state: u64) -> impl FnMut(u64) -> u64 {
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// Baskets of 1 to `max_len` of 5,000 items, low numbers far more often.
fn many_entries(baskets: i64, max_len: u64) -> Vec<(i64, i64)> {
    let mut number = numbers(7);
    let mut entries = Vec::new();
    for basket in 0..baskets {
        for _ in 0..=number(max_len) {
            let item = number(5_000) * number(5_000) * number(5_000) / 25_000_000;
            entries.push((basket, item as i64));
        }
    }
    entries
}

fn assert_equals_naive(entries: &[(i64, i64)], measures: &[Measure], top_k: usize) {
    let naive = Naive::new(entries, &[], &CooccurrenceConfig::default());
    let mut by_item: HashMap<i64, Vec<(i64, u32, u32)>> = HashMap::new();
    for (&(a, b), &t) in &naive.together {
        by_item.entry(a).or_default().push((b, t, naive.item_baskets[&b]));
    }
    for &rank_by in measures {
        let config = CooccurrenceConfig { rank_by, top_k: Some(top_k), ..Default::default() };
        let baskets = Arc::new(build(entries, &[], &config, &pool(3)));
        assert!(baskets.basket_ids().is_sorted());
        let rows = count(&baskets, &config, &pool(3));
        assert_eq!(rows.len(), naive.item_baskets.len());
        assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (a, na, neighbours) in rows {
            let mut expected = by_item.get(&a).cloned().unwrap_or_default();
            expected.sort_by(|&left, &right| naive.compare(rank_by, a, left, right));
            expected.truncate(top_k);
            assert_eq!((na, neighbours), (naive.item_baskets[&a], expected));
        }
    }
}

#[test]
fn many_items_over_several_chunks() {
    let plain = [Measure::Cosine, Measure::Together, Measure::Jaccard, Measure::Lift];
    assert_equals_naive(&many_entries(1_500, 40), &plain, 10);
}

/// So many entries that baskets and rows are ordered by cluster: from 2^18 distinct ones.
#[test]
fn many_entries_in_clusters() {
    let entries = many_entries(60_000, 10);
    let distinct: HashSet<&(i64, i64)> = entries.iter().collect();
    assert!(distinct.len() > 1 << 18, "{}", distinct.len());
    assert_equals_naive(&entries, &[Measure::Cosine], 10);

    let config = CooccurrenceConfig { rank_by: Measure::WeightedCosine, top_k: Some(5), ..Default::default() };
    let backwards: Vec<(i64, i64)> = entries.iter().rev().copied().collect();
    let blocks = [(&entries, 1), (&backwards, 2)].map(|(entries, threads)| {
        let pool = pool(threads);
        let baskets = Arc::new(build(entries, &[], &config, &pool));
        rows_of(&all_blocks(Counter::new(baskets, config.clone(), &pool).unwrap(), &pool))
    });
    assert_eq!(blocks[0], blocks[1]);
}

#[test]
fn the_sampled_number_of_pairs_is_close() {
    let entries = many_entries(3_000, 40);
    for top_k in [None, Some(20)] {
        let config = CooccurrenceConfig { top_k, ..Default::default() };
        let pool = pool(2);
        let baskets = Arc::new(build(&entries, &[], &config, &pool));
        assert!(baskets.items() > 2048, "else the estimate does not sample");
        let truth: usize = count(&baskets, &config, &pool).iter().map(|row| row.2.len()).sum();
        let guess = estimate(&baskets, &config, &pool).pairs as f64;
        assert!((guess / truth as f64 - 1.0).abs() < 0.02, "{guess} for {truth}");
    }
}

/// With so many baskets and items the packed keys of a row cannot tell all fractions apart, and are not used.
#[test]
fn rows_too_heavy_for_packed_keys_are_ordered_exactly() {
    let (baskets_of_zero, neighbours, fillers) = (30_000, 20, 5_000);
    let mut entries: Vec<(i64, i64)> = (0..baskets_of_zero).map(|basket| (basket, 0)).collect();
    let mut expected = Vec::new();
    for item in 1..=neighbours {
        // Many neighbours share their t, or their number of baskets, or both.
        let (t, alone) = (29_000 + (item * 7) % 5, (item * 11) % 3);
        entries.extend((0..t).map(|basket| (basket, item)));
        entries.extend((0..alone).map(|basket| (baskets_of_zero + basket, item)));
        expected.push((item, t as u32, (t + alone) as u32));
    }
    entries.extend((0..fillers).map(|filler| (-1 - filler, 1_000 + filler)));
    let pool = pool(2);
    for rank_by in [Measure::Cosine, Measure::Jaccard, Measure::Lift, Measure::Together] {
        let config = CooccurrenceConfig { rank_by, ..Default::default() };
        let naive = Naive { item_baskets: BTreeMap::from([(0, baskets_of_zero as u32)]), ..Naive::default() };
        expected.sort_by(|&left, &right| naive.compare(rank_by, 0, left, right));
        let baskets = Arc::new(build(&entries, &[], &config, &pool));
        let counter = Counter::for_items(baskets, config, &[0], &pool).unwrap();
        assert_eq!(rows_of(&all_blocks(counter, &pool)), [(0, baskets_of_zero as u32, expected.clone())]);
    }
}

#[test]
fn equal_fractions_of_different_counts_rank_by_together() {
    // Item 0 is in 4 baskets. Item 1: t = 1, nb = 1. Item 2: t = 2, nb = 4. Both have t^2 / nb = 1.
    let entries = [(1, 0), (2, 0), (3, 0), (4, 0), (1, 1), (1, 2), (2, 2), (5, 2), (6, 2)];
    let pool = pool(1);
    let config = CooccurrenceConfig::default();
    let rows = count(&Arc::new(build(&entries, &[], &config, &pool)), &config, &pool);
    assert_eq!(rows[0], (0, 4, vec![(2, 2, 4), (1, 1, 1)]));
}

#[test]
fn empty_input_gives_no_rows() {
    let pool = pool(2);
    for config in [CooccurrenceConfig::default(), CooccurrenceConfig { max_per_owner: Some(1), ..Default::default() }] {
        let mut baskets = build(&[], &[(1, 1)], &config, &pool);
        baskets.set_item_baskets(&[(1, 1)]);
        assert_eq!((baskets.items(), baskets.baskets(), baskets.pair_increments()), (0, 0, 0));
        assert_eq!(estimate(&baskets, &config, &pool).pairs, 0);
        assert!(count(&Arc::new(baskets), &config, &pool).is_empty());
    }
}

#[test]
fn baskets_of_one_item_give_rows_without_neighbours() {
    let pool = pool(2);
    let config = CooccurrenceConfig::default();
    let entries = [(i64::MAX, 5), (i64::MIN, 5), (0, i64::MIN), (1, i64::MAX)];
    let rows = count(&Arc::new(build(&entries, &[], &config, &pool)), &config, &pool);
    assert_eq!(rows, [(i64::MIN, 1, vec![]), (5, 2, vec![]), (i64::MAX, 1, vec![])]);
}

#[test]
fn one_owner_counts_no_more_often_than_the_cap() {
    let pool = pool(2);
    let config = CooccurrenceConfig { max_per_owner: Some(2), ..Default::default() };
    let entries: Vec<(i64, i64)> = (0..5).flat_map(|basket| [(basket, 10), (basket, 20)]).collect();
    // Owner 7 has three baskets, baskets 3 and 4 have none.
    let owners = [(0, 7), (1, 7), (2, 7), (99, 7)];
    let rows = count(&Arc::new(build(&entries, &owners, &config, &pool)), &config, &pool);
    assert_eq!(rows, [(10, 4, vec![(20, 4, 4)]), (20, 4, vec![(10, 4, 4)])]);
}

#[test]
fn a_counter_moves_to_another_thread() {
    let config = CooccurrenceConfig::default();
    let baskets = Arc::new(build(&[(1, 1), (1, 2)], &[], &config, &pool(1)));
    let counter = Counter::new(Arc::clone(&baskets), config, &pool(1)).unwrap();
    let rows = std::thread::spawn(move || rows_of(&all_blocks(counter, &pool(2)))).join().unwrap();
    assert_eq!(rows.len(), baskets.items());
}

#[test]
fn errors_say_what_is_wrong() {
    let pool = pool(1);
    let config = CooccurrenceConfig::default();
    assert_eq!(
        Baskets::from_entries(&[1, 2], &[1], &[], &config, &pool).unwrap_err(),
        CooccurrenceError::ColumnLengths { baskets: 2, items: 1 }
    );
    let invalid = [
        ("top_k", CooccurrenceConfig { top_k: Some(0), ..config.clone() }),
        ("min_together", CooccurrenceConfig { min_together: 0, ..config.clone() }),
        ("max_basket_len", CooccurrenceConfig { max_basket_len: Some(0), ..config.clone() }),
        ("max_per_owner", CooccurrenceConfig { max_per_owner: Some(0), ..config.clone() }),
        (
            "max_per_owner",
            CooccurrenceConfig { max_per_owner: Some(1), rank_by: Measure::WeightedCosine, ..config.clone() },
        ),
    ];
    let baskets = Arc::new(build(&[(1, 1), (1, 2)], &[], &config, &pool));
    for (wrong, invalid) in invalid {
        let errors = [
            invalid.validate().unwrap_err(),
            Baskets::from_entries(&[], &[], &[], &invalid, &pool).unwrap_err(),
            Counter::new(Arc::clone(&baskets), invalid, &pool).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, CooccurrenceError::InvalidConfig { parameter, .. } if parameter == wrong));
        }
    }
    let capped = CooccurrenceConfig { max_per_owner: Some(3), ..config.clone() };
    let error = Counter::new(Arc::clone(&baskets), capped, &pool).unwrap_err();
    assert!(error.to_string().contains("max_per_owner"), "{error}");

    let weighted = CooccurrenceConfig { rank_by: Measure::WeightedCosine, ..config };
    let mut part = build(&[(1, 1), (1, 2)], &[], &weighted, &pool);
    part.set_item_baskets(&[(1, 1), (2, 0)]);
    part.set_item_baskets(&[(3, 9)]);
    assert_eq!(part.item_baskets(), [1, 1]);
    part.set_item_baskets(&[(2, 5)]);
    assert_eq!(part.item_baskets(), [1, 5]);
    assert!(matches!(
        Counter::new(Arc::new(part), weighted, &pool).unwrap_err(),
        CooccurrenceError::InvalidConfig { parameter: "rank_by", .. }
    ));
}

#[test]
fn memory_is_refused_with_the_numbers_at_every_limit_below_the_need() {
    let entries = many_entries(3_000, 40);
    let (basket_ids, item_ids) = columns(&entries);
    let shuffled: Vec<i64> = basket_ids.iter().map(|id| id.wrapping_mul(0x5851_F42D_4C95_7F2D)).collect();
    let pool = pool(2);
    let mut refused = BTreeSet::new();
    for column in [&basket_ids, &shuffled] {
        let need = estimate(
            &Baskets::from_entries(column, &item_ids, &[], &CooccurrenceConfig::default(), &pool).unwrap(),
            &CooccurrenceConfig::default(),
            &pool,
        )
        .memory_bytes;
        let mut succeeded = false;
        for step in 0..=200 {
            let config = CooccurrenceConfig { memory_limit: need * step / 200, ..Default::default() };
            let counter = Baskets::from_entries(column, &item_ids, &[], &config, &pool)
                .and_then(|baskets| Counter::new(Arc::new(baskets), config.clone(), &pool));
            match counter {
                Ok(counter) => {
                    assert!(counter.memory_bytes() <= config.memory_limit);
                    succeeded = true;
                }
                Err(CooccurrenceError::MemoryLimit { needed, limit, what }) => {
                    assert!(!succeeded, "more memory cannot be too little");
                    assert_eq!(limit, config.memory_limit);
                    assert!(needed > limit);
                    refused.insert(what);
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(succeeded, "the estimate is enough");
    }
    assert!(refused.len() >= 4, "{refused:?}");
}

#[test]
fn fewer_threads_are_used_where_more_do_not_fit() {
    let entries = many_entries(3_000, 40);
    let roomy = CooccurrenceConfig::default();
    let baskets = Arc::new(build(&entries, &[], &roomy, &pool(1)));
    let one = Counter::new(Arc::clone(&baskets), roomy.clone(), &pool(1)).unwrap().memory_bytes();
    let four = pool(4);
    assert!(Counter::new(Arc::clone(&baskets), roomy.clone(), &four).unwrap().memory_bytes() > one);
    let tight = CooccurrenceConfig { memory_limit: baskets.memory_bytes() + one, ..roomy };
    assert_eq!(Counter::new(Arc::clone(&baskets), tight.clone(), &four).unwrap().memory_bytes(), one);
    assert_eq!(count(&baskets, &tight, &four), count(&baskets, &tight, &pool(1)));
}

#[test]
fn measures_have_names_and_values() {
    for measure in Measure::ALL {
        assert_eq!(measure.to_string().parse::<Measure>().unwrap(), measure);
        assert_eq!(measure.score(0, 0, 0, 0), 0.0);
    }
    let error = "cosin".parse::<Measure>().unwrap_err();
    assert_eq!(error, CooccurrenceError::UnknownMeasure { name: "cosin".to_owned() });
    assert!(error.to_string().contains("weighted_cosine"));
    let value = |measure: Measure| measure.score(6, 9, 16, 100);
    assert_eq!(value(Measure::Cosine), 0.5);
    assert_eq!(value(Measure::WeightedCosine), 0.5);
    assert_eq!(value(Measure::Together), 6.0);
    assert_eq!(value(Measure::Jaccard), 6.0 / 19.0);
    assert_eq!(value(Measure::Lift), 600.0 / 144.0);
    let config = CooccurrenceConfig::default();
    assert_eq!(config.top_k, Some(DEFAULT_TOP_K));
    assert_eq!(config.min_together, DEFAULT_MIN_TOGETHER);
    assert_eq!(config.max_basket_len, Some(DEFAULT_MAX_BASKET_LEN));
    assert_eq!(config.memory_limit, DEFAULT_MEMORY_LIMIT);
    assert_eq!(config.rank_by, Measure::Cosine);
}

#[test]
fn a_weighted_cosine_prefers_short_baskets() {
    // Item 0 shares a basket of 2 with item 1 and a basket of 5 with item 2; both occur once.
    let entries = [(1, 0), (1, 1), (2, 0), (2, 2), (2, 3), (2, 4), (2, 5)];
    let config = CooccurrenceConfig { rank_by: Measure::WeightedCosine, ..Default::default() };
    let pool = pool(1);
    let baskets = Arc::new(build(&entries, &[], &config, &pool));
    let blocks = all_blocks(Counter::new(baskets, config, &pool).unwrap(), &pool);
    let weighted = blocks[0].weighted.as_ref().unwrap();
    assert_eq!(&blocks[0].neighbours[..blocks[0].offsets[1]], [1, 2, 3, 4, 5]);
    let (short, long) = (1.0 / 3_f64.ln(), 1.0 / 6_f64.ln());
    let expected = [short / ((short + long) * short).sqrt(), long / ((short + long) * long).sqrt()];
    assert!((f64::from(weighted[0]) - expected[0]).abs() < 1e-6);
    assert!((f64::from(weighted[1]) - expected[1]).abs() < 1e-6);
    let mut order = weighted[..5].to_vec();
    order.sort_by_key(|value| Reverse(value.to_bits()));
    assert_eq!(order, weighted[..5]);
}

#[test]
fn a_raised_flag_ends_the_build() {
    let raised = std::sync::atomic::AtomicBool::new(true);
    let config = CooccurrenceConfig::default();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let cancelled = Baskets::from_entries_unless(&raised, &[1, 1], &[1, 2], &[], &config, &pool);
    assert_eq!(cancelled.unwrap_err(), CooccurrenceError::Cancelled);
}
