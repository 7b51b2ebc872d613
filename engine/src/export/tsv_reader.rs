//! Triples from tab-separated text.

use super::{COLUMNS, Collector, ExportError, Fields, Reason, TSV_HEADER, Weight};
use std::borrow::Cow;
use std::io::BufRead;

/// Longest line that is looked at.
pub const MAX_LINE_BYTES: usize = 1 << 20;

/// What [`COLUMNS`](super::COLUMNS) a line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// Head, relation, tail, taken literally: the files of the benchmarks.
    Plain,
    /// As the heading line says, fields escaped as [`escape`](super::escape) does it.
    Headed { weight: Option<usize>, source: Option<usize>, columns: usize },
}

/// Reads TSV in two layouts, with lines that end in LF or CRLF, with or without a byte order mark.
///
/// - With a heading line `head relation tail`, then `weight` and `source` in either order or not at all: fields are
///   escaped as [`escape`](super::escape) does it, and `\N` is NULL.
/// - Without one: three columns head, relation, tail, taken literally, as in the files of the benchmarks.
///
/// Blank lines are passed over.
#[derive(Debug)]
pub struct TsvTriplesReader<R: BufRead> {
    input: R,
    layout: Option<Layout>,
    line_number: u64,
    line: Vec<u8>,
}

impl<R: BufRead> TsvTriplesReader<R> {
    /// A reader at the beginning of a file.
    pub fn new(input: R) -> Self {
        Self { input, layout: None, line_number: 0, line: Vec::new() }
    }

    /// Reads until `collector` has a full block; `false` at the end of the file. Errors: those of the input; `NotTsv`
    /// for files of another kind; those of [`Collector::push`].
    pub fn read(&mut self, collector: &mut Collector) -> Result<bool, ExportError> {
        while !collector.is_full() {
            let length = match self.next_line()? {
                None => return Ok(false),
                Some(length) => length,
            };
            if length > MAX_LINE_BYTES {
                let detail = format!("the line has {length} bytes, at most {MAX_LINE_BYTES} are allowed");
                collector.reject(self.line_number, Reason::TooLarge, detail, &self.line);
                continue;
            }
            let mut line = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
            let layout = match self.layout {
                Some(layout) => layout,
                None => {
                    if let Some(what) = other_kind(line) {
                        return Err(ExportError::NotTsv { what });
                    }
                    line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
                    let headed = heading(line);
                    let layout = *self.layout.insert(headed.unwrap_or(Layout::Plain));
                    if headed.is_some() {
                        continue;
                    }
                    layout
                }
            };
            if line.is_empty() {
                continue;
            }
            take_line(collector, self.line_number, line, layout)?;
        }
        Ok(true)
    }

    /// Reads a line without its line feed; returns its length, of which only the first [`MAX_LINE_BYTES`] are kept.
    fn next_line(&mut self) -> Result<Option<usize>, ExportError> {
        self.line.clear();
        let mut length = 0;
        loop {
            let available = match self.input.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if available.is_empty() {
                if length == 0 {
                    return Ok(None);
                }
                break;
            }
            let end = available.iter().position(|&byte| byte == b'\n');
            let part = &available[..end.unwrap_or(available.len())];
            let room = MAX_LINE_BYTES.saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            length += part.len();
            let used = part.len() + usize::from(end.is_some());
            self.input.consume(used);
            if end.is_some() {
                break;
            }
        }
        self.line_number += 1;
        Ok(Some(length))
    }
}

/// What a file's first line looks like, if not like text.
fn other_kind(line: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 5] = [
        (b"PAR1", "Parquet"),
        (b"\x1F\x8B", "compressed by gzip"),
        (b"PK\x03\x04", "a zip archive"),
        (b"\xFF\xFE", "UTF-16 text"),
        (b"\xFE\xFF", "UTF-16 text"),
    ];
    KINDS.iter().find(|(magic, _)| line.starts_with(magic)).map(|(_, what)| *what)
}

/// The layout that a heading line announces.
fn heading(line: &[u8]) -> Option<Layout> {
    if line == TSV_HEADER.as_bytes() {
        return Some(Layout::Headed { weight: Some(3), source: Some(4), columns: 5 });
    }
    let names: Vec<&[u8]> = line.split(|&byte| byte == b'\t').collect();
    let is = |at: usize, column: &str| names.get(at).is_some_and(|name| *name == column.as_bytes());
    if !(is(0, COLUMNS[0]) && is(1, COLUMNS[1]) && is(2, COLUMNS[2])) {
        return None;
    }
    let place = |column: &str| (3..names.len()).find(|&at| is(at, column));
    let (weight, source) = (place(COLUMNS[3]), place(COLUMNS[4]));
    let known = 3 + usize::from(weight.is_some()) + usize::from(source.is_some());
    (known == names.len()).then_some(Layout::Headed { weight, source, columns: known })
}

fn take_line(collector: &mut Collector, number: u64, line: &[u8], layout: Layout) -> Result<(), ExportError> {
    let columns = match layout {
        Layout::Plain => 3,
        Layout::Headed { columns, .. } => columns,
    };
    let mut parts: [&[u8]; COLUMNS.len()] = [&[]; COLUMNS.len()];
    let mut found = 0;
    for part in line.split(|&byte| byte == b'\t') {
        if let Some(slot) = parts.get_mut(found) {
            *slot = part;
        }
        found += 1;
    }
    if found != columns {
        let detail = format!("{found} columns, {columns} expected");
        collector.reject(number, Reason::Columns, detail, line);
        return Ok(());
    }
    let [head, relation, tail, ..] = parts;
    let Layout::Headed { weight, source, .. } = layout else {
        let fields = Fields {
            head: Some(head),
            relation: Some(relation),
            tail: Some(tail),
            weight: Weight::Unset,
            source: None,
        };
        return collector.push(number, &fields, Some(line));
    };
    let values = parts.map(unescape);
    let value = |at: usize| values[at].as_deref();
    let fields = Fields {
        head: value(0),
        relation: value(1),
        tail: value(2),
        weight: weight.and_then(value).map_or(Weight::Unset, Weight::Text),
        source: source.and_then(value),
    };
    collector.push(number, &fields, Some(line))
}

/// Undoes [`escape`](super::escape); `None` is NULL, written `\N`. A backslash before any other character stands for
/// that character, one at the end for itself.
pub fn unescape(field: &[u8]) -> Option<Cow<'_, [u8]>> {
    if field == b"\\N" {
        return None;
    }
    let Some(first) = field.iter().position(|&byte| byte == b'\\') else { return Some(Cow::Borrowed(field)) };
    let mut plain = field[..first].to_vec();
    let mut rest = field[first..].iter();
    while let Some(&byte) = rest.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        plain.push(match rest.next() {
            Some(b't') => b'\t',
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(&other) => other,
            None => b'\\',
        });
    }
    Some(Cow::Owned(plain))
}
