//! Triples as a Parquet file.

use super::{ExportError, StringTable, TripleCodes, TripleNames};
use bytes::Bytes;
use parquet::basic::{Compression, LogicalType, Repetition, Type as PhysicalType};
use parquet::data_type::{ByteArray, ByteArrayType, FloatType};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use std::io::Write;
use std::sync::Arc;

/// Triples of a row group: 20 bytes each while it fills, then the encoded pages of one group, some megabytes. Readers
/// work on row groups in parallel, so it is not larger.
pub const DEFAULT_ROW_GROUP: usize = 1 << 18;

/// Values that are turned from codes into strings at a time.
const CHUNK: usize = 4096;

/// Strings by code, ready to be lent to the encoder without a copy.
struct SharedStrings {
    bytes: Bytes,
    ends: Vec<usize>,
}

impl SharedStrings {
    fn get(&self, code: u32) -> ByteArray {
        let code = code as usize;
        let Some(&end) = self.ends.get(code) else { return ByteArray::from(Bytes::new()) };
        let start = if code == 0 { 0 } else { self.ends[code - 1] };
        ByteArray::from(self.bytes.slice(start..end))
    }
}

impl From<StringTable> for SharedStrings {
    fn from(table: StringTable) -> Self {
        let (bytes, ends) = table.into_parts();
        Self { bytes: bytes.into(), ends }
    }
}

/// Writes a Parquet file of triples: all columns required, names in dictionaries, pages compressed with snappy.
pub struct ParquetTriplesWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    entities: SharedStrings,
    relations: SharedStrings,
    sources: SharedStrings,
    row_group: usize,
    pending: TripleCodes,
}

impl<W: Write + Send> ParquetTriplesWriter<W> {
    /// Begins a file with row groups of `row_group` triples, at least 1 and by default [`DEFAULT_ROW_GROUP`].
    /// Errors: those of the sink.
    pub fn new(sink: W, names: TripleNames, row_group: usize) -> Result<Self, ExportError> {
        let properties = WriterProperties::builder()
            .set_created_by(format!("sgr_graph version {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::SNAPPY)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_column_dictionary_enabled(ColumnPath::from("weight"), false)
            .build();
        Ok(Self {
            file: SerializedFileWriter::new(sink, schema()?, Arc::new(properties))?,
            entities: names.entities.into(),
            relations: names.relations.into(),
            sources: names.sources.into(),
            row_group: row_group.max(1),
            pending: TripleCodes::default(),
        })
    }

    /// Adds triples; a row group is written whenever one is full. Errors: those of the sink.
    pub fn write(&mut self, triples: &TripleCodes) -> Result<(), ExportError> {
        let mut from = 0;
        while from < triples.len() {
            let to = triples.len().min(from + self.row_group - self.pending.len());
            self.pending.heads.extend_from_slice(&triples.heads[from..to]);
            self.pending.relations.extend_from_slice(&triples.relations[from..to]);
            self.pending.tails.extend_from_slice(&triples.tails[from..to]);
            self.pending.weights.extend_from_slice(&triples.weights[from..to]);
            self.pending.sources.extend_from_slice(&triples.sources[from..to]);
            if self.pending.len() == self.row_group {
                self.write_group()?;
            }
            from = to;
        }
        Ok(())
    }

    /// Writes what is left and the footer, and gives the sink back. Errors: those of the sink.
    pub fn finish(mut self) -> Result<W, ExportError> {
        if !self.pending.is_empty() {
            self.write_group()?;
        }
        Ok(self.file.into_inner()?)
    }

    fn write_group(&mut self) -> Result<(), ExportError> {
        let mut group = self.file.next_row_group()?;
        write_strings(&mut group, &self.entities, &self.pending.heads)?;
        write_strings(&mut group, &self.relations, &self.pending.relations)?;
        write_strings(&mut group, &self.entities, &self.pending.tails)?;
        if let Some(mut column) = group.next_column()? {
            column.typed::<FloatType>().write_batch(&self.pending.weights, None, None)?;
            column.close()?;
        }
        write_strings(&mut group, &self.sources, &self.pending.sources)?;
        group.close()?;
        self.pending.clear();
        Ok(())
    }
}

fn write_strings<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    strings: &SharedStrings,
    codes: &[u32],
) -> Result<(), ExportError> {
    let Some(mut column) = group.next_column()? else { return Ok(()) };
    let mut values = Vec::with_capacity(CHUNK);
    for part in codes.chunks(CHUNK) {
        values.clear();
        values.extend(part.iter().map(|&code| strings.get(code)));
        column.typed::<ByteArrayType>().write_batch(&values, None, None)?;
    }
    column.close()?;
    Ok(())
}

fn schema() -> Result<TypePtr, ExportError> {
    let mut fields = Vec::new();
    for column in super::COLUMNS {
        let builder = if column == "weight" {
            Type::primitive_type_builder(column, PhysicalType::FLOAT)
        } else {
            Type::primitive_type_builder(column, PhysicalType::BYTE_ARRAY).with_logical_type(Some(LogicalType::String))
        };
        fields.push(Arc::new(builder.with_repetition(Repetition::REQUIRED).build()?));
    }
    Ok(Arc::new(Type::group_type_builder("triples").with_fields(fields).build()?))
}
