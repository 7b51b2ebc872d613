//! Names by number.

use super::ExportError;

/// Strings by code: 0, 1, 2, … in the order in which they were added. One buffer for all of them.
#[derive(Debug, Default, Clone)]
pub struct StringTable {
    bytes: Vec<u8>,
    /// `bytes[ends[code - 1]..ends[code]]` is the string of `code`.
    ends: Vec<usize>,
}

impl StringTable {
    /// Adds a string and returns its code; equal strings get codes of their own. Errors: `TooManyNames` over 2^32 - 1.
    pub fn push(&mut self, string: &str, what: &'static str) -> Result<u32, ExportError> {
        const LIMIT: usize = u32::MAX as usize;
        let code = u32::try_from(self.ends.len())
            .ok()
            .filter(|&code| code < u32::MAX)
            .ok_or(ExportError::TooManyNames { what, limit: LIMIT })?;
        self.bytes.extend_from_slice(string.as_bytes());
        self.ends.push(self.bytes.len());
        Ok(code)
    }

    /// The string of a code, as UTF-8 bytes; empty for a code that was never given out.
    #[inline]
    pub fn get(&self, code: u32) -> &[u8] {
        let code = code as usize;
        let Some(&end) = self.ends.get(code) else { return &[] };
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        &self.bytes[start..end]
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Bytes in use.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<usize>()
    }

    /// The buffer and the end of each string in it.
    pub(super) fn into_parts(self) -> (Vec<u8>, Vec<usize>) {
        (self.bytes, self.ends)
    }
}

/// The names that the codes of triples stand for.
#[derive(Debug, Default, Clone)]
pub struct TripleNames {
    /// Heads and tails, in the form of [`entity_name`](super::entity_name).
    pub entities: StringTable,
    /// Relations.
    pub relations: StringTable,
    /// Sources.
    pub sources: StringTable,
}

impl TripleNames {
    /// Bytes in use.
    pub fn memory_bytes(&self) -> usize {
        self.entities.memory_bytes() + self.relations.memory_bytes() + self.sources.memory_bytes()
    }
}

/// Triples as parallel columns of codes; all columns have the same length.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct TripleCodes {
    /// Codes of entities.
    pub heads: Vec<u32>,
    /// Codes of relations.
    pub relations: Vec<u32>,
    /// Codes of entities.
    pub tails: Vec<u32>,
    /// In (0, 1].
    pub weights: Vec<f32>,
    /// Codes of sources.
    pub sources: Vec<u32>,
}

impl TripleCodes {
    /// Adds a triple.
    #[inline]
    pub fn push(&mut self, head: u32, relation: u32, tail: u32, weight: f32, source: u32) {
        self.heads.push(head);
        self.relations.push(relation);
        self.tails.push(tail);
        self.weights.push(weight);
        self.sources.push(source);
    }

    /// How many triples there are.
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    /// Removes all triples and keeps the memory.
    pub fn clear(&mut self) {
        self.heads.clear();
        self.relations.clear();
        self.tails.clear();
        self.weights.clear();
        self.sources.clear();
    }
}
