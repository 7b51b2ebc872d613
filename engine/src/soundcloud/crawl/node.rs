//! What the crawl knows of one thing.

use super::super::call::{ListKind, Thing};
use super::saved::Known;

const DESCRIBED: u16 = 1;
const ASKED: u16 = 1 << 1;
const OPENED: u16 = 1 << 2;
const FIRST_LIST: u16 = 1 << 3;

/// One thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Node {
    /// Widenings between it and the start.
    pub(super) level: u32,
    /// How many known things lead to it.
    pub(super) mentions: u32,
    /// Its place in the order in which things were met.
    pub(super) order: u32,
    /// What a playlist says of the number of its entries.
    pub(super) track_count: Option<u32>,
    flags: u16,
}

impl From<Known> for Node {
    fn from(known: Known) -> Self {
        let Known { level, mentions, order, flags, track_count, .. } = known;
        Self { level, mentions, order, track_count, flags }
    }
}

impl Node {
    pub(super) fn new(level: u32, order: u32) -> Self {
        Self { level, mentions: 0, order, track_count: None, flags: 0 }
    }

    /// As a row.
    pub(super) fn known(&self, thing: Thing) -> Known {
        let Self { level, mentions, order, track_count, flags } = *self;
        Known { thing, level, mentions, order, flags, track_count }
    }

    /// Whether a document says more of it than its id. Returns whether that is new.
    pub(super) fn describe(&mut self) -> bool {
        let new = !self.is_described();
        self.flags |= DESCRIBED;
        new
    }

    pub(super) fn is_described(&self) -> bool {
        self.flags & DESCRIBED != 0
    }

    /// Notes that a document of its own was asked for, whatever came.
    pub(super) fn ask(&mut self) {
        self.flags |= ASKED;
    }

    /// Whether a document of its own is worth asking for.
    pub(super) fn is_stub(&self) -> bool {
        self.flags & (DESCRIBED | ASKED) == 0
    }

    /// Counts it in its budget. Returns whether that is new.
    pub(super) fn open(&mut self) -> bool {
        let new = !self.is_open();
        self.flags |= OPENED;
        new
    }

    pub(super) fn is_open(&self) -> bool {
        self.flags & OPENED != 0
    }

    /// Notes that a list was begun.
    pub(super) fn take(&mut self, list: ListKind) {
        self.flags |= FIRST_LIST << list as u16;
    }

    pub(super) fn has_taken(&self, list: ListKind) -> bool {
        self.flags & (FIRST_LIST << list as u16) != 0
    }

    /// Notes that none of its lists is worth asking for.
    pub(super) fn give_up(&mut self) {
        self.flags = u16::MAX;
    }
}
