//! Parquet files of triples that other programs wrote: types, NULLs and columns that are not ours.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use bytes::Bytes;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use sgr_engine::export::{Collector, ExportError, ParquetTriplesReader, Reason};
use std::sync::Arc;

/// A column's values; `None` is NULL.
enum Values {
    Texts(Vec<Option<&'static str>>),
    Doubles(Vec<Option<f64>>),
    Longs(Vec<Option<i64>>),
}

fn levels<T>(values: &[Option<T>]) -> Vec<i16> {
    values.iter().map(|value| i16::from(value.is_some())).collect()
}

/// A file of one row group; every column is optional.
fn file(schema: &str, compression: Compression, columns: &[Values]) -> Bytes {
    let properties = WriterProperties::builder().set_compression(compression).build();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for column in columns {
        let mut target = group.next_column().unwrap().unwrap();
        match column {
            Values::Texts(values) => {
                let present: Vec<ByteArray> = values.iter().flatten().map(|&text| ByteArray::from(text)).collect();
                target.typed::<ByteArrayType>().write_batch(&present, Some(&levels(values)), None).unwrap();
            }
            Values::Doubles(values) => {
                let present: Vec<f64> = values.iter().flatten().copied().collect();
                target.typed::<DoubleType>().write_batch(&present, Some(&levels(values)), None).unwrap();
            }
            Values::Longs(values) => {
                let present: Vec<i64> = values.iter().flatten().copied().collect();
                target.typed::<Int64Type>().write_batch(&present, Some(&levels(values)), None).unwrap();
            }
        }
        target.close().unwrap();
    }
    group.close().unwrap();
    writer.into_inner().unwrap().into()
}

const NAMES: &str = "optional binary tail (UTF8); optional binary relation; optional binary head (UTF8);";

fn names() -> [Values; 3] {
    [
        Values::Texts(vec![Some("b"), Some("d"), None, Some("h")]),
        Values::Texts(vec![Some("r"), Some("r"), Some("r"), Some("q")]),
        Values::Texts(vec![Some("a"), Some("c"), Some("e"), Some("")]),
    ]
}

#[test]
fn columns_are_found_by_name_and_may_hold_null() {
    let schema = format!("message m {{ {NAMES} optional int64 id; optional double weight; }}");
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::LZ4_RAW] {
        let [tails, relations, heads] = names();
        let ids = Values::Longs(vec![Some(1), None, Some(3), None]);
        let weights = Values::Doubles(vec![None, Some(0.25), Some(0.5), Some(0.5)]);
        let file = file(&schema, compression, &[tails, relations, heads, ids, weights]);
        let mut collector = Collector::new("file", 1 << 20);
        assert!(!ParquetTriplesReader::new(file).unwrap().read(&mut collector).unwrap());
        let block = collector.take_block();
        assert_eq!(block.entities, ["a", "b", "c", "d"]);
        assert_eq!(block.triples.weights, [1.0, 0.25], "{compression}");
        assert_eq!(block.sources, ["file"]);
        let rejected: Vec<(u64, Reason, &str)> =
            block.rejected.iter().map(|r| (r.line, r.reason, r.excerpt.as_str())).collect();
        assert_eq!(rejected, [(3, Reason::EmptyName, "e\tr\t\t0.5\t"), (4, Reason::EmptyName, "\tq\th\t0.5\t")]);
    }
}

#[test]
fn columns_that_cannot_be_used_are_named() {
    let cases = [
        ("optional binary head; optional binary tail;", "column \"relation\" is missing among head, tail"),
        (
            "optional binary head; optional binary relation; optional int64 tail;",
            "column \"tail\" is of type INT64, text (BYTE_ARRAY) is needed",
        ),
        (
            "optional binary head; optional binary relation; optional binary tail; optional binary weight;",
            "column \"weight\" is of type BYTE_ARRAY, FLOAT or DOUBLE is needed",
        ),
        ("repeated binary head; optional binary relation; optional binary tail;", "column \"head\" is nested"),
        (
            "optional group head { optional binary head; } optional binary relation; optional binary tail;",
            "column \"head\" is missing among head.head, relation, tail",
        ),
    ];
    for (fields, wanted) in cases {
        let schema = Arc::new(parse_message_type(&format!("message m {{ {fields} }}")).unwrap());
        let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
        let error = ParquetTriplesReader::new(Bytes::from(writer.into_inner().unwrap())).map(|_| ()).unwrap_err();
        assert_eq!(error.to_string(), wanted);
    }
}

#[test]
fn what_is_not_parquet_is_refused() {
    for bytes in [&b""[..], b"PAR1", b"head\trelation\ttail\n", b"PAR1\0\0\0\0\xff\xff\xff\x7fPAR1"] {
        let error = ParquetTriplesReader::new(Bytes::from_static(bytes)).map(|_| ()).unwrap_err();
        assert!(matches!(error, ExportError::Damaged { .. }), "{error:?}");
    }
}
