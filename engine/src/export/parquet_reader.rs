//! Triples from a Parquet file.

use super::{COLUMNS, Collector, ExportError, Fields, Weight};
use bytes::Bytes;
use parquet::basic::{Compression, Type as PhysicalType};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, FileReader, Length, SerializedFileReader};
use parquet::schema::types::{ColumnDescPtr, SchemaDescriptor};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Rows that are decoded at a time.
const CHUNK: usize = 8192;

/// Reads a Parquet file of triples, whoever wrote it: the columns are found by their names, `weight` (of 32 or 64 bits)
/// and `source` may be missing, others are ignored. Snappy, lz4 and no compression can be read.
pub struct ParquetTriplesReader<R: ChunkReader + 'static> {
    file: SerializedFileReader<Bounded<R>>,
    /// Which column of the file holds each of [`COLUMNS`].
    places: [Option<usize>; COLUMNS.len()],
    next_group: usize,
    group: Option<Group>,
    row: u64,
}

impl<R: ChunkReader + 'static> ParquetTriplesReader<R> {
    /// Opens a file. Errors: `Damaged` if it is not Parquet, `Column` if one is missing or of another type, `Codec`.
    pub fn new(input: R) -> Result<Self, ExportError> {
        unless_it_panics(|| {
            let file = SerializedFileReader::new(Bounded(input))?;
            let metadata = file.metadata();
            let places = places(metadata.file_metadata().schema_descr())?;
            for group in metadata.row_groups() {
                for &place in places.iter().flatten() {
                    match group.column(place).compression() {
                        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::LZ4 | Compression::LZ4_RAW => {}
                        other => return Err(ExportError::Codec { codec: other.to_string() }),
                    }
                }
            }
            Ok(Self { file, places, next_group: 0, group: None, row: 0 })
        })
    }

    /// Reads until `collector` has a full block; `false` at the end of the file. Errors: `Damaged`, those of the input
    /// and of [`Collector::push`].
    pub fn read(&mut self, collector: &mut Collector) -> Result<bool, ExportError> {
        unless_it_panics(AssertUnwindSafe(|| self.read_rows(collector)))
    }

    fn read_rows(&mut self, collector: &mut Collector) -> Result<bool, ExportError> {
        while !collector.is_full() {
            let Some(group) = &mut self.group else {
                if self.next_group == self.file.num_row_groups() {
                    return Ok(false);
                }
                self.group = Some(Group::open(&self.file, self.next_group, &self.places)?);
                self.next_group += 1;
                continue;
            };
            let rows = group.read()?;
            for at in 0..rows {
                self.row += 1;
                collector.push(self.row, &group.fields(at), None)?;
            }
            if rows == 0 {
                self.group = None;
            }
        }
        Ok(true)
    }
}

/// The decoder checks most of what it reads, and panics at some of the rest.
fn unless_it_panics<T>(read: impl FnOnce() -> Result<T, ExportError>) -> Result<T, ExportError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(ExportError::Damaged { message: "its contents contradict each other".to_owned() }))
}

fn places(schema: &SchemaDescriptor) -> Result<[Option<usize>; COLUMNS.len()], ExportError> {
    let mut places = [None; COLUMNS.len()];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        let optional = column == "weight" || column == "source";
        let Some(at) = schema.columns().iter().position(|found| found.path().parts() == [column]) else {
            if optional {
                continue;
            }
            let names: Vec<String> = schema.columns().iter().map(|found| found.path().string()).collect();
            return Err(ExportError::Column { column, message: format!("is missing among {}", names.join(", ")) });
        };
        let found = schema.column(at);
        if found.max_rep_level() > 0 || found.max_def_level() > 1 {
            return Err(ExportError::Column { column, message: "is nested".to_owned() });
        }
        let wanted: &[PhysicalType] =
            if column == "weight" { &[PhysicalType::FLOAT, PhysicalType::DOUBLE] } else { &[PhysicalType::BYTE_ARRAY] };
        if !wanted.contains(&found.physical_type()) {
            let wanted = if column == "weight" { "FLOAT or DOUBLE" } else { "text (BYTE_ARRAY)" };
            let message = format!("is of type {}, {wanted} is needed", found.physical_type());
            return Err(ExportError::Column { column, message });
        }
        *place = Some(at);
    }
    Ok(places)
}

/// The columns of a row group, decoded in step.
struct Group {
    texts: [Option<Column<ByteArrayType>>; 4],
    weight: Option<WeightColumn>,
}

enum WeightColumn {
    Float(Column<FloatType>),
    Double(Column<DoubleType>),
}

impl Group {
    fn open<R: ChunkReader + 'static>(
        file: &SerializedFileReader<Bounded<R>>,
        number: usize,
        places: &[Option<usize>; COLUMNS.len()],
    ) -> Result<Self, ExportError> {
        let group = file.get_row_group(number)?;
        let pages = |place: usize| -> Result<(ColumnDescPtr, Box<dyn PageReader>), ExportError> {
            let chunk = group.metadata().column(place);
            let pages = CheckedPages {
                pages: group.get_column_page_reader(place)?,
                values: u64::try_from(chunk.num_values()).unwrap_or(0),
            };
            Ok((chunk.column_descr_ptr(), Box::new(pages)))
        };
        let text = |place: Option<usize>| -> Result<Option<Column<ByteArrayType>>, ExportError> {
            place.map(|place| pages(place).map(Column::new)).transpose()
        };
        let [head, relation, tail, weight, source] = *places;
        let texts = [text(head)?, text(relation)?, text(tail)?, text(source)?];
        let weight = match weight.map(pages).transpose()? {
            None => None,
            Some(column) if column.0.physical_type() == PhysicalType::FLOAT => {
                Some(WeightColumn::Float(Column::new(column)))
            }
            Some(column) => Some(WeightColumn::Double(Column::new(column))),
        };
        Ok(Self { texts, weight })
    }

    /// Decodes the next rows of all columns; 0 at the end.
    fn read(&mut self) -> Result<usize, ExportError> {
        let mut counts = Vec::with_capacity(COLUMNS.len());
        for column in self.texts.iter_mut().flatten() {
            counts.push(column.read()?);
        }
        match &mut self.weight {
            Some(WeightColumn::Float(column)) => counts.push(column.read()?),
            Some(WeightColumn::Double(column)) => counts.push(column.read()?),
            None => {}
        }
        let rows = counts.first().copied().unwrap_or(0);
        if counts.iter().any(|&count| count != rows) {
            return Err(ExportError::Damaged { message: "its columns have different lengths".to_owned() });
        }
        Ok(rows)
    }

    fn fields(&mut self, at: usize) -> Fields<'_> {
        let weight = match &mut self.weight {
            Some(WeightColumn::Float(column)) => column.get(at).map(|&weight| f64::from(weight)),
            Some(WeightColumn::Double(column)) => column.get(at).copied(),
            None => None,
        };
        let [head, relation, tail, source] =
            self.texts.each_mut().map(|column| column.as_mut().and_then(|column| column.get(at)).map(ByteArray::data));
        Fields { head, relation, tail, weight: weight.map_or(Weight::Unset, Weight::Number), source }
    }
}

/// A column of a row group.
struct Column<T: DataType> {
    reader: ColumnReaderImpl<T>,
    required: bool,
    /// Whether each row has a value, for a column that may hold NULL.
    levels: Vec<i16>,
    values: Vec<T::T>,
    /// How many of `values` the rows before `at` have used.
    used: usize,
}

impl<T: DataType> Column<T> {
    fn new((descriptor, pages): (ColumnDescPtr, Box<dyn PageReader>)) -> Self {
        let required = descriptor.max_def_level() == 0;
        Self {
            reader: ColumnReaderImpl::new(descriptor, pages),
            required,
            levels: Vec::new(),
            values: Vec::new(),
            used: 0,
        }
    }

    fn read(&mut self) -> Result<usize, ExportError> {
        self.levels.clear();
        self.values.clear();
        self.used = 0;
        let levels = if self.required { None } else { Some(&mut self.levels) };
        let (records, _, _) = self.reader.read_records(CHUNK, levels, None, &mut self.values)?;
        Ok(records)
    }

    /// The value of a row, `None` for NULL. Rows are asked for one after the other, each once.
    fn get(&mut self, at: usize) -> Option<&T::T> {
        if !self.required && self.levels.get(at) != Some(&1) {
            return None;
        }
        self.used += 1;
        self.values.get(self.used - 1)
    }
}

/// An input that refuses ranges beyond its end before anybody makes room for them: a damaged length would otherwise be
/// allocated, and a failed allocation ends the process.
struct Bounded<R>(R);

impl<R: ChunkReader> Length for Bounded<R> {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl<R: ChunkReader> ChunkReader for Bounded<R> {
    type T = R::T;

    fn get_read(&self, start: u64) -> ParquetResult<Self::T> {
        self.0.get_read(start)
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.0.len()) {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} are beyond the end of the file")));
        }
        self.0.get_bytes(start, length)
    }
}

/// Pages whose counts are checked before anybody makes room for as many values.
struct CheckedPages {
    pages: Box<dyn PageReader>,
    /// Values of the column in this row group.
    values: u64,
}

impl PageReader for CheckedPages {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        let page = self.pages.get_next_page()?;
        let plausible = match &page {
            None => true,
            // A text in a dictionary has its length before it.
            Some(Page::DictionaryPage { buf, num_values, .. }) => *num_values as usize <= buf.len() / 4,
            Some(page) => u64::from(page.num_values()) <= self.values,
        };
        if plausible { Ok(page) } else { Err(ParquetError::General("a page claims too many values".to_owned())) }
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.pages.skip_next_page()
    }
}

impl Iterator for CheckedPages {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}
