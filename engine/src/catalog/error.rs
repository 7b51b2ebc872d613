//! What can stop cleaning. Bad documents do not: they are rejections.

/// Why documents could not be cleaned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// The caller raised the flag that long work looks at.
    #[error("cancelled")]
    Cancelled,
}
