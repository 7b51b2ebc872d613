//! Triples as tab-separated text with a heading line.

use super::{ExportError, StringTable, TripleCodes, TripleNames};
use std::io::Write;

/// The first line of a TSV file of triples, without its end; it tells our five columns from a benchmark's three.
pub const TSV_HEADER: &str = "head\trelation\ttail\tweight\tsource";

/// Bytes that are gathered before they go to the sink.
const BUFFER_BYTES: usize = 1 << 18;

/// Appends a field as Postgres's `COPY` text format has it: tab, line feed, carriage return and backslash become
/// `\t`, `\n`, `\r` and `\\`, everything else stays as it is.
pub fn escape(field: &str, escaped: &mut String) {
    let mut rest = field;
    while let Some(at) = rest.find(['\t', '\n', '\r', '\\']) {
        escaped.push_str(&rest[..at]);
        escaped.push_str(match rest.as_bytes()[at] {
            b'\t' => "\\t",
            b'\n' => "\\n",
            b'\r' => "\\r",
            _ => "\\\\",
        });
        rest = &rest[at + 1..];
    }
    escaped.push_str(rest);
}

/// Writes a TSV file of triples: [`TSV_HEADER`], then a line per triple, each ended by a line feed.
#[derive(Debug)]
pub struct TsvTriplesWriter<W: Write> {
    sink: W,
    names: TripleNames,
    buffer: Vec<u8>,
}

impl<W: Write> TsvTriplesWriter<W> {
    /// Begins a file. Every string of `names` must have gone through [`escape`]. Errors: those of the sink.
    pub fn new(sink: W, names: TripleNames) -> Result<Self, ExportError> {
        let mut buffer = Vec::with_capacity(BUFFER_BYTES + (BUFFER_BYTES >> 4));
        buffer.extend_from_slice(TSV_HEADER.as_bytes());
        buffer.push(b'\n');
        Ok(Self { sink, names, buffer })
    }

    /// Writes triples. Errors: those of the sink.
    pub fn write(&mut self, triples: &TripleCodes) -> Result<(), ExportError> {
        let field = |buffer: &mut Vec<u8>, table: &StringTable, code: u32, end: u8| {
            buffer.extend_from_slice(table.get(code));
            buffer.push(end);
        };
        for i in 0..triples.len() {
            field(&mut self.buffer, &self.names.entities, triples.heads[i], b'\t');
            field(&mut self.buffer, &self.names.relations, triples.relations[i], b'\t');
            field(&mut self.buffer, &self.names.entities, triples.tails[i], b'\t');
            // The shortest digits that give the same number again.
            write!(self.buffer, "{}", triples.weights[i])?;
            self.buffer.push(b'\t');
            field(&mut self.buffer, &self.names.sources, triples.sources[i], b'\n');
            if self.buffer.len() >= BUFFER_BYTES {
                self.sink.write_all(&self.buffer)?;
                self.buffer.clear();
            }
        }
        Ok(())
    }

    /// Writes what is left and gives the sink back. Errors: those of the sink.
    pub fn finish(mut self) -> Result<W, ExportError> {
        self.sink.write_all(&self.buffer)?;
        self.sink.flush()?;
        Ok(self.sink)
    }
}
