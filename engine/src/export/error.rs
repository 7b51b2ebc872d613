//! What can go wrong with a file of triples.

/// Why a file of triples could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The file system said no.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is no Parquet file, or one that is damaged.
    #[error("the file is not a readable Parquet file: {message}")]
    Damaged {
        /// What the decoder found.
        message: String,
    },
    /// A Parquet file with a feature that is not built in.
    #[error("the Parquet file is compressed with {codec}; snappy, lz4 and no compression can be read")]
    Codec {
        /// The codec's name in the Parquet format.
        codec: String,
    },
    /// A column is missing or has a type that cannot be used.
    #[error("column \"{column}\" {message}")]
    Column {
        /// One of [`COLUMNS`](super::COLUMNS).
        column: &'static str,
        /// What is wrong, as the rest of the sentence.
        message: String,
    },
    /// A file of another kind was given as TSV.
    #[error("the file is not TSV but {what}")]
    NotTsv {
        /// What it looks like.
        what: &'static str,
    },
    /// A file that is not a NumPy matrix of 32-bit floats.
    #[error("the file is not a matrix of 32-bit floats in NumPy's format: {message}")]
    NotNpy {
        /// What is wrong with it.
        message: String,
    },
    /// The names would go over the memory limit.
    #[error("{what} would need {needed} bytes, over the limit of {limit} bytes")]
    MemoryLimit {
        /// Bytes needed.
        needed: usize,
        /// The limit, in bytes.
        limit: usize,
        /// The structure that did not fit.
        what: &'static str,
    },
    /// More distinct names than codes of 32 bits can number.
    #[error("more than {limit} distinct {what}")]
    TooManyNames {
        /// `"entities"`, `"relations"` or `"sources"`.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
}

impl From<parquet::errors::ParquetError> for ExportError {
    fn from(error: parquet::errors::ParquetError) -> Self {
        match error {
            parquet::errors::ParquetError::External(inner) => match inner.downcast::<std::io::Error>() {
                Ok(io) => Self::Io(*io),
                Err(other) => Self::Damaged { message: other.to_string() },
            },
            other => Self::Damaged { message: other.to_string() },
        }
    }
}
