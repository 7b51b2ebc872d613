//! The entities of one chunk, numbered as they come.

/// A small hash table from ids to slots `0, 1, …` (open addressing, linear probing).
#[derive(Debug)]
pub(crate) struct Slots {
    /// `u32::MAX`, which is no id, where free.
    keys: Vec<u32>,
    slots: Vec<u32>,
    ids: Vec<u32>,
}

impl Slots {
    /// Room for so many ids.
    pub(crate) fn new(capacity: usize) -> Slots {
        let places = Slots::places(capacity);
        Slots { keys: vec![u32::MAX; places], slots: vec![0; places], ids: Vec::with_capacity(capacity) }
    }

    fn places(capacity: usize) -> usize {
        (2 * capacity).next_power_of_two()
    }

    pub(crate) fn memory_bytes(capacity: usize) -> usize {
        size_of::<u32>() * (2 * Slots::places(capacity) + capacity)
    }

    pub(crate) fn clear(&mut self) {
        self.keys.fill(u32::MAX);
        self.ids.clear();
    }

    /// The ids, by slot.
    pub(crate) fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The place of an id, or the free one where it belongs.
    fn find(&self, id: u32) -> usize {
        let mask = self.keys.len() - 1;
        let mut place = (id.wrapping_mul(0x9e37_79b9) as usize >> 8) & mask;
        while self.keys[place] != id && self.keys[place] != u32::MAX {
            place = (place + 1) & mask;
        }
        place
    }

    /// The slot of an id.
    pub(crate) fn get(&self, id: u32) -> Option<u32> {
        let place = self.find(id);
        (self.keys[place] == id).then(|| self.slots[place])
    }

    /// The slot of an id, a new one if it has none, and whether it is new.
    pub(crate) fn insert(&mut self, id: u32) -> (u32, bool) {
        let place = self.find(id);
        if self.keys[place] == id {
            return (self.slots[place], false);
        }
        let slot = self.ids.len() as u32;
        self.keys[place] = id;
        self.slots[place] = slot;
        self.ids.push(id);
        (slot, true)
    }
}
