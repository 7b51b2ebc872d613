//! The state of a crawl as it is stored: a short text, and a row per known thing. A page costs what it brought, however
//! much is known already.

use super::super::call::Thing;
use super::super::error::SoundcloudError;
use super::{Crawl, CrawlConfig, CrawlCounts, Opening, Reading, Warning};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Of the stored state.
const STATE_VERSION: u32 = 2;

/// What a crawl knows of one thing, as a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub thing: Thing,
    /// Widenings between it and the start.
    pub level: u32,
    /// How many known things lead to it.
    pub mentions: u32,
    /// Its place in the order in which things were met.
    pub order: u32,
    /// What was asked for about it; the bits are the crawl's own.
    pub flags: u16,
    /// What a playlist says of the number of its entries.
    pub track_count: Option<u32>,
}

/// All but the things.
#[derive(Serialize, Deserialize)]
struct Head {
    version: u32,
    config: CrawlConfig,
    opening: Opening,
    reading: Option<Reading>,
    counts: CrawlCounts,
    warnings: Vec<Warning>,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl Crawl {
    /// The state but for the things. Its length does not grow with the crawl: it is that of the arguments, of the list that
    /// is being read (8 bytes or so per page, and per entry of a playlist) and of the warnings that are kept.
    ///
    /// # Errors
    /// [`SoundcloudError::StoredState`], never seen.
    pub fn state(&self) -> Result<String, SoundcloudError> {
        let head = Head {
            version: STATE_VERSION,
            config: self.config.clone(),
            opening: self.opening,
            reading: self.reading.clone(),
            counts: self.counts,
            warnings: self.warnings.clone(),
        };
        serde_json::to_string(&head).map_err(|error| SoundcloudError::StoredState { message: error.to_string() })
    }

    /// The things that are new or have changed since this was last asked. They belong into one transaction with
    /// [`state`](Self::state); if that fails, the crawl must be restored from what was stored before it.
    pub fn take_changed(&mut self) -> Vec<Known> {
        let changed = std::mem::take(&mut self.changed);
        (changed.into_iter()).filter_map(|thing| self.nodes.get(&thing).map(|node| node.known(thing))).collect()
    }

    /// The crawl whose [`state`](Self::state) this is, with the last row of each thing, in any order.
    ///
    /// # Errors
    /// [`SoundcloudError::StateVersion`], [`SoundcloudError::StoredState`] for a text that is none.
    pub fn restore(state: &str, known: impl IntoIterator<Item = Known>) -> Result<Self, SoundcloudError> {
        let unreadable = |error: serde_json::Error| SoundcloudError::StoredState { message: error.to_string() };
        let Version { version } = serde_json::from_str(state).map_err(unreadable)?;
        if version != STATE_VERSION {
            return Err(SoundcloudError::StateVersion { found: version, expected: STATE_VERSION });
        }
        let Head { config, opening, reading, counts, warnings, .. } =
            serde_json::from_str(state).map_err(unreadable)?;
        let nodes: BTreeMap<_, _> = known.into_iter().map(|known| (known.thing, known.into())).collect();
        Ok(Self { config, opening, nodes, changed: BTreeSet::new(), reading, counts, warnings })
    }
}
