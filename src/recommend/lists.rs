//! The stored neighbour lists of seeds.

use crate::error::Result;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::recommend::NeighbourList;
use std::collections::HashMap;

/// The neighbours of one seed by one kind of basket.
#[derive(Clone, PartialEq, Eq)]
pub struct List {
    /// 1: by playlists, 2: by likes.
    pub kind: i64,
    pub track_id: i64,
    /// Baskets that hold the seed.
    pub baskets: i32,
    pub neighbours: Vec<i64>,
    /// Baskets that hold both.
    pub together: Vec<i32>,
    /// Baskets that hold the neighbour.
    pub neighbour_baskets: Vec<i32>,
}

impl List {
    /// As the engine takes it.
    pub fn columns(&self) -> NeighbourList<'_> {
        NeighbourList {
            track_id: self.track_id,
            baskets: self.baskets,
            neighbours: &self.neighbours,
            together: &self.together,
            neighbour_baskets: &self.neighbour_baskets,
        }
    }
}

/// The lists of the seeds, by kind, then by seed: sums over them do not depend on how the rows lie.
pub fn stored(seeds: &[i64]) -> Result<Vec<List>> {
    let mut lists: Vec<List> = Vec::with_capacity(2 * seeds.len());
    let mut drifted = false;
    let sql = include_str!("../../sql/queries/neighbour_lists.sql");
    spi::select(sql, &Sources::NONE, &[Arg::Bigs(seeds)], |row| {
        drifted |= row.int(9).unwrap_or(0) > 0;
        lists.push(List {
            kind: row.int(0).unwrap_or(0),
            track_id: row.int(1).unwrap_or(0),
            baskets: row.int(2).unwrap_or(0) as i32,
            neighbours: row.ids(3),
            together: row.counts(5),
            neighbour_baskets: row.counts(7),
        });
        Ok(())
    })?;
    if drifted {
        for list in &mut lists {
            overlay_drift(list.kind, &list.neighbours, &mut list.neighbour_baskets)?;
        }
    }
    lists.sort_by_key(|list| (list.kind, list.track_id));
    Ok(lists)
}

/// Brings the neighbours' basket counts up to date after incremental refreshes.
pub fn overlay_drift(kind: i64, neighbours: &[i64], neighbour_baskets: &mut [i32]) -> Result<()> {
    let args = [Arg::Big(kind), Arg::Bigs(neighbours)];
    let mut newer: HashMap<i64, i32> = HashMap::new();
    spi::select(include_str!("../../sql/queries/drift.sql"), &Sources::NONE, &args, |row| {
        if let (Some(item), Some(baskets)) = (row.int(0), row.int(1)) {
            newer.insert(item, baskets as i32);
        }
        Ok(())
    })?;
    for (neighbour, baskets) in neighbours.iter().zip(neighbour_baskets) {
        if let Some(newer) = newer.get(neighbour) {
            *baskets = *newer;
        }
    }
    Ok(())
}
