//! Bringing documents into `sgr.raw_documents`: one body, or a server file with one document per line.

use crate::clean;
use crate::error::Result;
use crate::rights::{self, Access};
use crate::server_file;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::check_for_interrupts;
use pgrx::datum::TimestampWithTimeZone;
use serde::de::IgnoredAny;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

/// Longest line that is taken; a text value of Postgres may have 1 GB, and a line exists several times on its way in.
const MAX_LINE_BYTES: usize = 128 << 20;
/// Bytes of documents that go to the table in one statement.
const BATCH_BYTES: usize = 8 << 20;
/// Characters of a broken line that are kept.
const EXCERPT: usize = 4000;
/// Lines between two looks for a cancel request.
const LINES_PER_CHECK: u64 = 256;

/// What an import did: documents that are new, documents that were there already, lines that went to quarantine.
#[derive(Default)]
pub struct Imported {
    pub documents: i64,
    pub duplicates: i64,
    pub quarantined: i64,
}

/// Where documents come from.
pub struct Origin<'a> {
    pub source: &'a str,
    /// `None` is now.
    pub fetched_at: Option<TimestampWithTimeZone>,
}

/// Stores one document, or puts it into quarantine if it is not JSON.
pub fn import(body: &str, origin: &Origin) -> Result<Imported> {
    let mut batch = Batch::new(origin);
    batch.push(body.as_bytes(), None)?;
    batch.finish()
}

/// Stores each line of a server file as a document; a file that is one JSON value over several lines is one document.
///
/// Errors: 42501 without the rights of `pg_read_server_files`, 58P01 no such file, 42809 not a file, 22023 relative path.
pub fn import_file(path: &str, origin: &Origin) -> Result<Imported> {
    rights::server_files(Access::Read)?;
    let failed = |error: std::io::Error| server_file::failed("read", path, &error);
    let mut batch = Batch::new(origin);
    if let Some(document) = one_document(&mut reader(path)?).map_err(failed)? {
        batch.push(&document, None)?;
        return batch.finish();
    }
    let mut reader = reader(path)?;
    let mut line = Vec::new();
    for number in 1.. {
        if number % LINES_PER_CHECK == 0 {
            check_for_interrupts!();
        }
        line.clear();
        let more = read_line(&mut reader, &mut line).map_err(failed)?;
        batch.push(if number == 1 { without_mark(&line) } else { &line }, Some(number))?;
        if !more {
            break;
        }
    }
    batch.finish()
}

/// A buffered reader of a file of the server.
fn reader(path: &str) -> Result<BufReader<File>> {
    Ok(BufReader::with_capacity(1 << 20, server_file::open(path)?))
}

/// Reads up to the next line feed, which is dropped; of a line over the limit only one byte more than that is kept.
/// Returns whether there may be more lines.
fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<bool> {
    reader.take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', line)?;
    if line.last() == Some(&b'\n') {
        line.pop();
        return Ok(true);
    }
    if line.len() <= MAX_LINE_BYTES {
        return Ok(false);
    }
    loop {
        check_for_interrupts!();
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Ok(false);
        }
        match available.iter().position(|&byte| byte == b'\n') {
            Some(at) => {
                reader.consume(at + 1);
                return Ok(true);
            }
            None => {
                let all = available.len();
                reader.consume(all);
            }
        }
    }
}

/// The file, if it is one JSON value that does not end in its first line.
fn one_document(reader: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut text = Vec::new();
    let more = read_line(reader, &mut text)?;
    if !more || !serde_json::from_slice::<IgnoredAny>(without_mark(&text)).is_err_and(|error| error.is_eof()) {
        return Ok(None);
    }
    text.push(b'\n');
    let room = MAX_LINE_BYTES.saturating_sub(text.len()) as u64 + 1;
    reader.take(room).read_to_end(&mut text)?;
    let text = without_mark(&text);
    let whole = text.len() <= MAX_LINE_BYTES && serde_json::from_slice::<IgnoredAny>(text).is_ok();
    Ok(whole.then(|| text.to_vec()))
}

/// The text without a byte order mark.
fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

/// Documents on their way to the table.
struct Batch<'a> {
    origin: &'a Origin<'a>,
    bodies: Vec<Option<String>>,
    bytes: usize,
    imported: Imported,
}

impl<'a> Batch<'a> {
    fn new(origin: &'a Origin<'a>) -> Self {
        Self { origin, bodies: Vec::new(), bytes: 0, imported: Imported::default() }
    }

    /// Adds a body, or puts it into quarantine. Blank lines are nothing.
    fn push(&mut self, body: &[u8], line: Option<u64>) -> Result<()> {
        let body = body.strip_suffix(b"\r").unwrap_or(body);
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        if body.len() > MAX_LINE_BYTES {
            let detail = format!("over {} MiB", MAX_LINE_BYTES >> 20);
            return self.reject("too_large", &detail, &body[..EXCERPT], line);
        }
        let text = match std::str::from_utf8(body) {
            Ok(text) => text,
            Err(error) => {
                return self.reject("not_utf8", &format!("byte {} of the line", error.valid_up_to() + 1), body, line);
            }
        };
        if let Some(at) = body.iter().position(|&byte| byte == 0) {
            return self.reject("nul_character", &format!("byte {} of the line", at + 1), body, line);
        }
        if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
            return self.reject("bad_json", &error.to_string(), body, line);
        }
        self.bytes += text.len();
        self.bodies.push(Some(text.to_owned()));
        if self.bytes >= BATCH_BYTES { self.flush() } else { Ok(()) }
    }

    fn reject(&mut self, reason: &str, detail: &str, body: &[u8], line: Option<u64>) -> Result<()> {
        self.imported.quarantined += 1;
        // A document that could be text is kept whole, so that it can be mended and tried again.
        let kept = String::from_utf8_lossy(body).replace('\0', "\u{FFFD}");
        spi::execute(
            include_str!("../sql/queries/quarantine_line.sql"),
            &Sources::NONE,
            &[
                Arg::Text(reason),
                Arg::Text(self.origin.source),
                Arg::MaybeBig(line.map(|line| line as i64)),
                Arg::Text(detail),
                Arg::Text(&kept),
            ],
        )?;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.bodies.is_empty() {
            return Ok(());
        }
        let args = [Arg::Text(self.origin.source), Arg::Texts(&self.bodies), Arg::Time(self.origin.fetched_at)];
        let new = spi::execute(include_str!("../sql/queries/documents_insert.sql"), &Sources::NONE, &args)?;
        self.imported.documents += new as i64;
        self.imported.duplicates += self.bodies.len() as i64 - new as i64;
        self.bodies.clear();
        self.bytes = 0;
        Ok(())
    }

    fn finish(mut self) -> Result<Imported> {
        self.flush()?;
        Ok(self.imported)
    }
}

/// What trying again brought: a row of `sgr_quarantine_retry`.
pub struct Retried {
    pub stage: &'static str,
    /// Rows of the quarantine that were tried again.
    pub tried: i64,
    /// Rows that are still in quarantine.
    pub remaining: i64,
}

/// Tries lines that were no documents again, with the body as it stands in the quarantine now, then cleans the documents
/// that were rejected in whole or in part. `reason` chooses; lines whose bytes were replaced are only taken if it names
/// them.
pub fn retry(reason: Option<&str>) -> Result<Vec<Retried>> {
    let mut lines = Vec::new();
    let chosen = [Arg::Text(reason.unwrap_or_default())];
    spi::select_fresh(include_str!("../sql/queries/retry_lines.sql"), &Sources::NONE, &chosen, |row| {
        if let (Some(id), Some(body)) = (row.int(0), row.text(2)) {
            lines.push((id, row.text(1).unwrap_or_default().into_owned(), body.into_owned()));
        }
        Ok(())
    })?;
    let tried = lines.len() as i64;
    let mut solved = Vec::new();
    for (id, source, body) in lines {
        check_for_interrupts!();
        if serde_json::from_str::<IgnoredAny>(&body).is_ok() {
            let args = [Arg::Text(&source), Arg::Texts(&[Some(body)]), Arg::Time(None)];
            spi::execute(include_str!("../sql/queries/documents_insert.sql"), &Sources::NONE, &args)?;
            solved.push(id);
        }
    }
    let sql = "DELETE FROM sgr.quarantine WHERE quarantine_id = ANY ($1)";
    spi::execute(sql, &Sources::NONE, &[Arg::Bigs(&solved)])?;
    let imported = Retried { stage: "import", tried, remaining: tried - solved.len() as i64 };

    let (mut documents, mut rejected) = (Vec::new(), 0);
    spi::select_fresh(include_str!("../sql/queries/retry_documents.sql"), &Sources::NONE, &chosen, |row| {
        documents.extend(row.int(0));
        rejected += row.int(1).unwrap_or(0);
        Ok(())
    })?;
    if !solved.is_empty() {
        clean::clean(None, None)?;
    }
    let mut remaining = 0;
    if !documents.is_empty() {
        clean::clean(Some(&documents), None)?;
        let sql = include_str!("../sql/queries/retry_remaining.sql");
        let args = [Arg::Text(reason.unwrap_or_default()), Arg::Bigs(&documents)];
        spi::select_fresh(sql, &Sources::NONE, &args, |row| {
            remaining = row.int(0).unwrap_or(0);
            Ok(())
        })?;
    }
    Ok(vec![imported, Retried { stage: "clean", tried: rejected, remaining }])
}
