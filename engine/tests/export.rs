//! Files of triples: what is written is read again, and what cannot be read is told.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use bytes::Bytes;
use proptest::prelude::*;
use sgr_engine::export::{
    BLOCK_TRIPLES, Block, Collector, EXCERPT_BYTES, ExportError, Fields, MAX_LINE_BYTES, MAX_NAME_BYTES,
    ParquetTriplesReader, ParquetTriplesWriter, Reason, StringTable, TSV_HEADER, TripleCodes, TripleNames,
    TsvTriplesReader, TsvTriplesWriter, Weight, entity_name, escape,
};
use std::io::Write;

/// Enough for any test.
const NO_LIMIT: usize = 1 << 30;

type Triple = (String, String, String, f32, String);

/// What the blocks of a reader say, names in place of codes.
#[derive(Default, Debug)]
struct Read {
    triples: Vec<Triple>,
    rejected: Vec<(u64, Reason, String)>,
    blocks: usize,
    entities: usize,
}

impl Read {
    fn all(mut next: impl FnMut(&mut Collector) -> Result<bool, ExportError>) -> Result<Self, ExportError> {
        let mut collector = Collector::new("the file", NO_LIMIT);
        let (mut entities, mut relations, mut sources) = (Vec::new(), Vec::new(), Vec::new());
        let mut read = Read::default();
        loop {
            let more = next(&mut collector)?;
            let block: Block = collector.take_block();
            entities.extend(block.entities);
            relations.extend(block.relations);
            sources.extend(block.sources);
            let t = &block.triples;
            for i in 0..t.len() {
                read.triples.push((
                    entities[t.heads[i] as usize].clone(),
                    relations[t.relations[i] as usize].clone(),
                    entities[t.tails[i] as usize].clone(),
                    t.weights[i],
                    sources[t.sources[i] as usize].clone(),
                ));
            }
            read.rejected.extend(block.rejected.into_iter().map(|r| (r.line, r.reason, r.detail)));
            read.blocks += 1;
            if !more {
                read.entities = entities.len();
                return Ok(read);
            }
        }
    }

    fn tsv(text: &[u8]) -> Result<Self, ExportError> {
        // A small buffer, so that lines lie across its ends.
        let mut reader = TsvTriplesReader::new(std::io::BufReader::with_capacity(7, text));
        Self::all(|collector| reader.read(collector))
    }

    fn parquet(file: Vec<u8>) -> Result<Self, ExportError> {
        let mut reader = ParquetTriplesReader::new(Bytes::from(file))?;
        Self::all(|collector| reader.read(collector))
    }

    /// (head, relation, tail) of each triple, for files without the other columns.
    fn names(&self) -> Vec<[&str; 3]> {
        self.triples.iter().map(|(h, r, t, _, _)| [h.as_str(), r.as_str(), t.as_str()]).collect()
    }
}

/// Codes for triples; every name gets one of its own, as codes need not be unique.
fn coded(triples: &[Triple], escaped: bool) -> (TripleNames, TripleCodes) {
    let (mut names, mut codes) = (TripleNames::default(), TripleCodes::default());
    let put = |table: &mut StringTable, name: &str| {
        let mut text = String::new();
        if escaped {
            escape(name, &mut text)
        } else {
            text.push_str(name)
        }
        table.push(&text, "names").unwrap()
    };
    for (head, relation, tail, weight, source) in triples {
        let (head, tail) = (put(&mut names.entities, head), put(&mut names.entities, tail));
        let (relation, source) = (put(&mut names.relations, relation), put(&mut names.sources, source));
        codes.push(head, relation, tail, *weight, source);
    }
    (names, codes)
}

fn tsv_file(triples: &[Triple]) -> Vec<u8> {
    let (names, codes) = coded(triples, true);
    let mut writer = TsvTriplesWriter::new(Vec::new(), names).unwrap();
    writer.write(&codes).unwrap();
    writer.finish().unwrap()
}

fn parquet_file(triples: &[Triple], row_group: usize) -> Vec<u8> {
    let (names, codes) = coded(triples, false);
    let mut writer = ParquetTriplesWriter::new(Vec::new(), names, row_group).unwrap();
    writer.write(&codes).unwrap();
    writer.finish().unwrap()
}

fn triple(head: &str, relation: &str, tail: &str, weight: f32, source: &str) -> Triple {
    (head.to_owned(), relation.to_owned(), tail.to_owned(), weight, source.to_owned())
}

/// Names as the world has them: tabs, ends of lines, backslashes, quotes, emoji, kinds.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z:\\\\tnrN\t\n\r\"' ]{1,12}",
        "(entity:){0,3}(track|tag|mood|entity|)?:?[0-9a-z:]{0,3}".prop_filter("not empty", |name| !name.is_empty()),
        "[^\\x00]{1,20}",
        Just("\\N".to_owned()),
        Just("🎧 Sigur Rós\u{301} \u{feff}".to_owned()),
        Just("head".to_owned()),
    ]
}

fn weight() -> impl Strategy<Value = f32> {
    prop_oneof![Just(1.0f32), Just(f32::MIN_POSITIVE), Just(1e-45f32), 1e-12f32..1.0, Just(0.1f32)]
}

fn triples() -> impl Strategy<Value = Vec<Triple>> {
    prop::collection::vec((name(), name(), name(), weight(), prop_oneof![name(), Just(String::new())]), 0..40)
}

proptest! {
    #[test]
    fn tsv_gives_back_what_was_written(triples in triples()) {
        let read = Read::tsv(&tsv_file(&triples)).unwrap();
        prop_assert_eq!(read.rejected.len(), 0);
        prop_assert_eq!(read.triples, triples);
    }

    #[test]
    fn tsv_with_carriage_returns_added_is_the_same(triples in triples()) {
        let text = String::from_utf8(tsv_file(&triples)).unwrap().replace('\n', "\r\n");
        prop_assert_eq!(Read::tsv(text.as_bytes()).unwrap().triples, triples);
    }

    #[test]
    fn parquet_gives_back_what_was_written(triples in triples(), row_group in 1usize..50) {
        let read = Read::parquet(parquet_file(&triples, row_group)).unwrap();
        prop_assert_eq!(read.rejected.len(), 0);
        prop_assert_eq!(read.triples, triples);
    }

    #[test]
    fn names_of_entities_go_both_ways(kind in prop_oneof![
        Just("entity"), Just("track"), Just("artist"), Just("playlist"), Just("user"), Just("genre"), Just("tag"),
        Just("label"), Just("date"),
    ], key in name()) {
        let mut written = String::new();
        entity_name::write(kind, &key, &mut written);
        prop_assert_eq!(entity_name::parse(&written), (kind, key.as_str()));
    }

    #[test]
    fn any_name_is_written_again_as_it_was_read(name in name()) {
        let (kind, key) = entity_name::parse(&name);
        let mut written = String::new();
        entity_name::write(kind, key, &mut written);
        prop_assert_eq!(written, name);
    }

    #[test]
    fn every_line_is_loaded_or_rejected(lines in prop::collection::vec(
        prop::collection::vec(prop_oneof![4 => 0x20u8..0x7f, 2 => Just(b'\t'), 1 => 0x80u8.., 1 => Just(0u8), 1 => Just(b'\r')], 0..30),
        0..30,
    ), headed: bool) {
        let mut lines = lines;
        // These are tested by name: they are no triples but other kinds of files.
        lines.insert(0, if headed { TSV_HEADER.as_bytes().to_vec() } else { b"a\tb\tc".to_vec() });
        let lines: Vec<Vec<u8>> =
            lines.into_iter().map(|line| line.into_iter().filter(|&byte| byte != b'\n').collect()).collect();
        let read = Read::tsv(&lines.join(&b'\n')).unwrap();
        let some = |line: &&Vec<u8>| !line.strip_suffix(b"\r").unwrap_or(line).is_empty();
        let wanted = lines.iter().filter(some).count() - usize::from(headed);
        prop_assert_eq!(read.triples.len() + read.rejected.len(), wanted);
    }

    #[test]
    fn a_damaged_parquet_file_is_no_panic(at in any::<prop::sample::Index>(), value: u8, cut in any::<prop::sample::Index>()) {
        let triples: Vec<Triple> = (0..300u16)
            .map(|i| triple(&format!("track:{i}"), "has_tag", &format!("tag:{}", i % 7), 0.5, "tracks.tags:demo"))
            .collect();
        let whole = parquet_file(&triples, 100);
        let mut changed = whole.clone();
        changed[at.index(whole.len())] = value;
        // Either is right: not every byte matters, and not every change can be seen.
        let _ = Read::parquet(changed);
        prop_assert!(Read::parquet(whole[..cut.index(whole.len())].to_vec()).is_err());
    }
}

#[test]
fn tsv_is_escaped_as_copy_does_it() {
    let file =
        tsv_file(&[triple("a\tb", "c\nd", "e\\f\rg", 0.1, "tracks.tags:demo"), triple("\\N", "r", "é🎧\"", 1.0, "")]);
    assert_eq!(
        String::from_utf8(file).unwrap(),
        "head\trelation\ttail\tweight\tsource\na\\tb\tc\\nd\te\\\\f\\rg\t0.1\ttracks.tags:demo\n\\\\N\tr\té🎧\"\t1\t\n"
    );
}

#[test]
fn files_of_benchmarks_are_taken_literally() {
    for text in [
        "/m/027rn\t/location/country\\n\t/m/06cx9\nQ1\tP\tQ2 \n",
        "/m/027rn\t/location/country\\n\t/m/06cx9\r\nQ1\tP\tQ2 \r\n",
        "\u{feff}/m/027rn\t/location/country\\n\t/m/06cx9\n\n\r\nQ1\tP\tQ2 ",
    ] {
        let read = Read::tsv(text.as_bytes()).unwrap();
        assert_eq!(read.rejected, [], "{text:?}");
        assert_eq!(read.names(), [["/m/027rn", "/location/country\\n", "/m/06cx9"], ["Q1", "P", "Q2 "]], "{text:?}");
        assert_eq!((read.triples[0].3, read.triples[0].4.as_str()), (1.0, "the file"));
    }
    assert!(Read::tsv(b"").unwrap().triples.is_empty());
}

#[test]
fn headings_name_the_columns() {
    let cases = [
        ("head\trelation\ttail\na\\tb\tr\tc\n", 1.0, "the file"),
        ("head\trelation\ttail\tweight\na\\tb\tr\tc\t0.25\n", 0.25, "the file"),
        ("head\trelation\ttail\tsource\na\\tb\tr\tc\tx\n", 1.0, "x"),
        ("head\trelation\ttail\tsource\tweight\na\\tb\tr\tc\tx\t2.5e-1\n", 0.25, "x"),
        ("\u{feff}head\trelation\ttail\tweight\tsource\r\na\\tb\tr\tc\t\\N\t\\N\r\n", 1.0, "the file"),
    ];
    for (text, weight, source) in cases {
        assert_eq!(Read::tsv(text.as_bytes()).unwrap().triples, [triple("a\tb", "r", "c", weight, source)], "{text:?}");
    }
    // Not a heading, so a triple.
    assert_eq!(Read::tsv(b"head\trelation\tTail\n").unwrap().names(), [["head", "relation", "Tail"]]);
}

#[test]
fn what_cannot_be_used_is_told_with_its_line() {
    let long = "x".repeat(MAX_NAME_BYTES + 1);
    let mut text = b"a\tr\tb\na\tr\n\na\tr\tb\tc\n\tr\tb\na\t\tb\na\tr\t\n".to_vec();
    text.extend_from_slice(b"a\tr\t\xff\na\0\tr\tb\n");
    text.extend_from_slice(format!("{long}\tr\tb\n").as_bytes());
    text.extend_from_slice(&vec![b'y'; MAX_LINE_BYTES + 10]);
    text.extend_from_slice(b"\nc\tr\td");
    let read = Read::tsv(&text).unwrap();
    assert_eq!(read.names(), [["a", "r", "b"], ["c", "r", "d"]]);
    // What is rejected leaves no entity behind.
    assert_eq!(read.entities, 4);
    let rejected: Vec<(u64, &str, &str)> =
        read.rejected.iter().map(|(line, reason, detail)| (*line, reason.code(), detail.as_str())).collect();
    assert_eq!(
        rejected,
        [
            (2, "columns", "2 columns, 3 expected"),
            (4, "columns", "4 columns, 3 expected"),
            (5, "empty_name", "head is empty"),
            (6, "empty_name", "relation is empty"),
            (7, "empty_name", "tail is empty"),
            (8, "not_utf8", "tail, byte 1"),
            (9, "nul_character", "head, byte 2"),
            (10, "name_too_long", "head has 2001 bytes, at most 2000 are allowed"),
            (11, "too_large", "the line has 1048586 bytes, at most 1048576 are allowed"),
        ]
    );

    for weight in ["0", "-1", "1.0000001", "NaN", "inf", "1e-60", "", "heavy", "0,5"] {
        let read = Read::tsv(format!("{TSV_HEADER}\na\tr\tb\t{weight}\ts\n").as_bytes()).unwrap();
        assert_eq!(read.rejected.len(), 1, "{weight}");
        assert_eq!(read.rejected[0].1, Reason::BadWeight, "{weight}");
    }
    let null = Read::tsv(format!("{TSV_HEADER}\n\\N\tr\tb\t1\ts\n").as_bytes()).unwrap();
    assert_eq!(null.rejected, [(2, Reason::EmptyName, "head is NULL".to_owned())]);
}

#[test]
fn excerpts_are_short_and_text() {
    let mut collector = Collector::new("f", NO_LIMIT);
    collector.reject(1, Reason::TooLarge, String::new(), &vec![0xff; 10 * EXCERPT_BYTES]);
    let long = vec![b'x'; 1 << 20];
    let fields =
        Fields { head: Some(&long), relation: Some(b"\0"), tail: None, weight: Weight::Number(0.5), source: None };
    collector.push(2, &fields, None).unwrap();
    for rejected in collector.take_block().rejected {
        assert!(rejected.excerpt.chars().count() <= EXCERPT_BYTES, "{}", rejected.excerpt.len());
        assert!(!rejected.excerpt.contains('\0'));
    }
}

#[test]
fn other_kinds_of_files_are_not_tsv() {
    let parquet = parquet_file(&[triple("a", "r", "b", 1.0, "s")], 10);
    let cases: [(&[u8], &str); 5] = [
        (&parquet, "Parquet"),
        (b"\x1f\x8b\x08\0", "compressed by gzip"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\xff\xfea\0", "UTF-16 text"),
        (b"\xfe\xff\0a", "UTF-16 text"),
    ];
    for (file, what) in cases {
        let error = Read::tsv(file).unwrap_err();
        assert_eq!(error.to_string(), format!("the file is not TSV but {what}"));
    }
}

#[test]
fn blocks_are_bounded_and_codes_go_on() {
    let mut text = String::new();
    let count = 2 * BLOCK_TRIPLES + 5;
    for i in 0..count {
        text.push_str(&format!("h{i}\tr{}\tt{}\n", i % 3, i % 100));
    }
    let read = Read::tsv(text.as_bytes()).unwrap();
    assert_eq!((read.blocks, read.triples.len(), read.entities), (3, count, count + 100));
    assert_eq!(read.triples[count - 1].0, format!("h{}", count - 1));

    let read = Read::tsv("broken\n".repeat(5000).as_bytes()).unwrap();
    assert!(read.blocks >= 4, "{}", read.blocks);
    assert_eq!(read.rejected.len(), 5000);
}

#[test]
fn names_beyond_the_memory_limit_are_refused() {
    let mut collector = Collector::new("f", 10_000);
    let text: String = (0..1000).map(|i| format!("head {i}\tr\ttail {i}\n")).collect();
    let error = TsvTriplesReader::new(text.as_bytes()).read(&mut collector).unwrap_err();
    assert!(matches!(error, ExportError::MemoryLimit { needed, limit: 10_000, .. } if needed > 10_000), "{error}");
}

/// A disk that is full after some bytes.
#[derive(Debug)]
struct Full(usize);

impl Write for Full {
    fn write(&mut self, buffer: &[u8]) -> std::io::Result<usize> {
        if self.0 < buffer.len() {
            return Err(std::io::Error::from(std::io::ErrorKind::StorageFull));
        }
        self.0 -= buffer.len();
        Ok(buffer.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_told_as_such() {
    let triples: Vec<Triple> =
        (0..50_000).map(|i| triple(&format!("head {i}"), "r", &format!("{i} tail"), 0.5, "s")).collect();
    for room in [0, 3, 1000, 100_000, 400_000] {
        let (names, codes) = coded(&triples, false);
        let written = ParquetTriplesWriter::new(Full(room), names.clone(), 10_000)
            .and_then(|mut writer| writer.write(&codes).map(|()| writer))
            .and_then(ParquetTriplesWriter::finish);
        let error = written.map(|_| ()).unwrap_err();
        assert!(
            matches!(&error, ExportError::Io(io) if io.kind() == std::io::ErrorKind::StorageFull),
            "{room}: {error:?}"
        );
        let written = TsvTriplesWriter::new(Full(room), names)
            .and_then(|mut writer| writer.write(&codes).map(|()| writer))
            .and_then(TsvTriplesWriter::finish);
        let error = written.unwrap_err();
        assert!(
            matches!(&error, ExportError::Io(io) if io.kind() == std::io::ErrorKind::StorageFull),
            "{room}: {error:?}"
        );
    }
}
