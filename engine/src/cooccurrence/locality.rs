//! An order of baskets and rows in which neighbours in memory hold the same items.
//!
//! Counting a row reads its baskets, and each of them is read once for every item in it. Once the baskets are larger
//! than the cache, an order of rows that has nothing to do with their content reads them from memory each time. Music
//! comes in scenes, so it is enough to find those roughly: every basket starts in the cluster of its most popular item,
//! then items join the majority of their baskets and baskets the majority of their items, twice. It takes a few passes
//! over the entries; counts and results do not depend on it.

use rayon::prelude::*;

/// Fewer distinct entries than this fit in the cache, and are left as they are.
pub(super) const WORTH_IT_FROM: usize = 1 << 18;

/// Items and baskets per parallel task, at least.
const MIN_ROWS: usize = 512;

/// Compressed sparse rows of both directions.
pub(super) struct Sides {
    pub(super) basket_offsets: Vec<usize>,
    pub(super) basket_items: Vec<u32>,
    pub(super) item_offsets: Vec<usize>,
    pub(super) holders: Vec<u32>,
}

/// The clusters of the items and of the baskets, numbered by one of their items.
pub(super) fn clusters(sides: &Sides) -> (Vec<u32>, Vec<u32>) {
    let Sides { basket_offsets, basket_items, item_offsets, holders } = sides;
    let popularity = |item: u32| item_offsets[item as usize + 1] - item_offsets[item as usize];
    let most_popular = |bounds: &[usize]| {
        let items = basket_items[bounds[0]..bounds[1]].iter().copied();
        items.max_by_key(|&item| popularity(item)).unwrap_or(0)
    };
    let votes = |offsets: &[usize], entries: &[u32], clusters: &[u32]| -> Vec<u32> {
        let of_row =
            |bounds: &[usize]| majority(entries[bounds[0]..bounds[1]].iter().map(|&entry| clusters[entry as usize]));
        offsets.par_windows(2).with_min_len(MIN_ROWS).map(of_row).collect()
    };
    let of_baskets: Vec<u32> = basket_offsets.par_windows(2).with_min_len(MIN_ROWS).map(most_popular).collect();
    let of_items = votes(item_offsets, holders, &of_baskets);
    let of_baskets = votes(basket_offsets, basket_items, &of_items);
    let of_items = votes(item_offsets, holders, &of_baskets);
    (of_items, of_baskets)
}

/// The value that more than half of the values have, if there is one, else one of them (Boyer and Moore 1981).
fn majority(values: impl Iterator<Item = u32>) -> u32 {
    let (mut leader, mut lead) = (0, 0_u32);
    for value in values {
        if value == leader {
            lead += 1;
        } else if lead == 0 {
            (leader, lead) = (value, 1);
        } else {
            lead -= 1;
        }
    }
    leader
}

/// Row numbers by cluster, then by number.
pub(super) fn order_by(clusters: &[u32]) -> Vec<u32> {
    let mut keys: Vec<u64> = clusters.iter().zip(0..).map(|(&cluster, row)| u64::from(cluster) << 32 | row).collect();
    keys.par_sort_unstable();
    keys.into_iter().map(|key| (key & u64::from(u32::MAX)) as u32).collect()
}
