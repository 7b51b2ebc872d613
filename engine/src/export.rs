//! Triples in files: Parquet and TSV, written and read with the columns `(head, relation, tail, weight, source)`.
//!
//! | column | type | meaning |
//! | --- | --- | --- |
//! | `head`, `tail` | text | an entity by [`entity_name`]: `track:42`, `tag:hip hop`, or a bare name in graphs without kinds |
//! | `relation` | text | name of the relation |
//! | `weight` | 32-bit float | in (0, 1]; a file without the column means 1 |
//! | `source` | text | where the triple comes from; a file without the column means the file itself |
//!
//! Writers take *codes*: positions in a [`StringTable`] of names that was filled before. A triple is then 20 bytes on its
//! way to the file, whatever its names are. Readers give the reverse: a [`Collector`] turns names into codes and hands
//! out blocks of triples with the names that are new in each. Neither holds more than its names and one block or row
//! group in memory.
//!
//! What a reader cannot use goes into the block as [`Rejected`], with its line number and reason.

mod collector;
pub mod entity_name;
mod error;
mod npy;
mod parquet_reader;
mod parquet_writer;
mod string_table;
mod tsv_reader;
mod tsv_writer;

pub use collector::{BLOCK_TRIPLES, Block, Collector, EXCERPT_BYTES, Fields, MAX_NAME_BYTES, Reason, Rejected, Weight};
pub use error::ExportError;
pub use npy::{npy_bytes, npy_header, npy_numbers, read_npy_header};
pub use parquet_reader::ParquetTriplesReader;
pub use parquet_writer::{DEFAULT_ROW_GROUP, ParquetTriplesWriter};
pub use string_table::{StringTable, TripleCodes, TripleNames};
pub use tsv_reader::{MAX_LINE_BYTES, TsvTriplesReader, unescape};
pub use tsv_writer::{TSV_HEADER, TsvTriplesWriter, escape};

/// The columns, in the order in which both formats write them.
pub const COLUMNS: [&str; 5] = ["head", "relation", "tail", "weight", "source"];
