//! The parameters of alignment.

use crate::fuse::FuseError;

/// Keys less similar than this (Jaro-Winkler) are different names even if they meet in a block.
pub const DEFAULT_MIN_SIMILARITY: f32 = 0.92;
/// One title in common may be "Intro"; two are hardly chance between names that are nearly equal, too.
pub const DEFAULT_MIN_COMMON: u32 = 2;
/// Two playlists of one title and owner that share four tracks of five are versions of one.
pub const DEFAULT_MIN_OVERLAP: f32 = 0.8;
/// A block of this size is 32,640 pairs: some milliseconds.
pub const DEFAULT_MAX_BLOCK: usize = 256;

/// How much evidence a link needs, and how much work is put into finding it.
#[derive(Debug, Clone, PartialEq)]
pub struct AlignConfig {
    /// The least Jaro-Winkler similarity of two keys that may be one name; in (0, 1]. 0.07 less suffices for keys of rows
    /// that have members in common.
    pub min_similarity: f32,
    /// Members that two rows must have in common where names alone do not suffice, at least 1. Rows that own fewer must
    /// have all of theirs in common.
    pub min_common: u32,
    /// The least Jaccard similarity of two playlists' tracks; in (0, 1].
    pub min_overlap: f32,
    /// The greatest number of keys in a block, at least 2.
    pub max_block: usize,
}

impl Default for AlignConfig {
    fn default() -> Self {
        AlignConfig {
            min_similarity: DEFAULT_MIN_SIMILARITY,
            min_common: DEFAULT_MIN_COMMON,
            min_overlap: DEFAULT_MIN_OVERLAP,
            max_block: DEFAULT_MAX_BLOCK,
        }
    }
}

impl AlignConfig {
    /// Checks every range that the fields state.
    ///
    /// # Errors
    /// [`FuseError::InvalidConfig`] for the first field that is wrong.
    pub fn validate(&self) -> Result<(), FuseError> {
        for (parameter, share) in [("min_similarity", self.min_similarity), ("min_overlap", self.min_overlap)] {
            if !(share > 0.0 && share <= 1.0) {
                let message = format!("must be over 0 and at most 1, not {share}");
                return Err(FuseError::InvalidConfig { parameter, message });
            }
        }
        if self.min_common == 0 {
            let message = "must be at least 1".to_owned();
            return Err(FuseError::InvalidConfig { parameter: "min_common", message });
        }
        if self.max_block < 2 {
            let message = format!("must be at least 2, not {}", self.max_block);
            return Err(FuseError::InvalidConfig { parameter: "max_block", message });
        }
        Ok(())
    }
}
