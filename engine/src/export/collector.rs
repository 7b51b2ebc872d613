//! From names to codes, in blocks.

use super::{ExportError, TripleCodes};
use rustc_hash::FxHashMap;

/// Triples of a [`Block`]: enough for the statements that store one to be worth their while, some megabytes with names.
pub const BLOCK_TRIPLES: usize = 1 << 16;

/// Rejected lines after which a block ends early.
const BLOCK_REJECTED: usize = 1 << 10;

/// Longest name, in bytes: an index entry of Postgres, which a name becomes part of, has at most 2,704.
pub const MAX_NAME_BYTES: usize = 2000;

/// What is kept of a rejected line, in bytes.
pub const EXCERPT_BYTES: usize = 4000;

/// What one distinct name costs here and in the table of its ids, apart from its own bytes.
const NAME_OVERHEAD: usize = 72;

/// The weight of a triple as it was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight<'a> {
    /// There is none: 1.
    Unset,
    /// A number.
    Number(f64),
    /// Text that should be a number.
    Text(&'a [u8]),
}

/// A triple as it was found; `None` is NULL.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a> {
    /// Name of the head.
    pub head: Option<&'a [u8]>,
    /// Name of the relation.
    pub relation: Option<&'a [u8]>,
    /// Name of the tail.
    pub tail: Option<&'a [u8]>,
    /// Its weight.
    pub weight: Weight<'a>,
    /// Where it comes from; `None` is the file.
    pub source: Option<&'a [u8]>,
}

/// Why a line was rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// Too few or too many columns.
    Columns,
    /// A head, relation or tail that is empty or NULL.
    EmptyName,
    /// A name of more than [`MAX_NAME_BYTES`].
    NameTooLong,
    /// A weight that is no number, or none in (0, 1].
    BadWeight,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// U+0000, which Postgres's text cannot hold.
    NulCharacter,
    /// A line of more than [`MAX_LINE_BYTES`](super::MAX_LINE_BYTES).
    TooLarge,
}

impl Reason {
    /// The reason code in `sgr.quarantine`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::EmptyName => "empty_name",
            Self::NameTooLong => "name_too_long",
            Self::BadWeight => "bad_weight",
            Self::NotUtf8 => "not_utf8",
            Self::NulCharacter => "nul_character",
            Self::TooLarge => "too_large",
        }
    }
}

/// A line that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its number, from 1: of the line in a text file, of the row elsewhere.
    pub line: u64,
    /// Why.
    pub reason: Reason,
    /// The same in words, with the numbers.
    pub detail: String,
    /// Its first [`EXCERPT_BYTES`]; bytes that are not UTF-8 and U+0000 are replaced.
    pub excerpt: String,
}

/// Triples with the names that are new in them. Codes count on from those of the blocks before.
#[derive(Debug, Default, PartialEq)]
pub struct Block {
    /// Entities that get the next codes, in the form of [`entity_name`](super::entity_name).
    pub entities: Vec<String>,
    /// Relations that get the next codes.
    pub relations: Vec<String>,
    /// Sources that get the next codes.
    pub sources: Vec<String>,
    /// The triples.
    pub triples: TripleCodes,
    /// What could not be used.
    pub rejected: Vec<Rejected>,
}

/// Checks triples, numbers their names and gathers them in blocks.
#[derive(Debug)]
pub struct Collector {
    entities: Numbering,
    relations: Numbering,
    sources: Numbering,
    default_source: String,
    last_source: Option<(Vec<u8>, u32)>,
    memory_limit: usize,
    block: Block,
}

impl Collector {
    /// A collector whose names may take `memory_limit` bytes. Triples without a source get `default_source`.
    pub fn new(default_source: &str, memory_limit: usize) -> Self {
        Self {
            entities: Numbering::default(),
            relations: Numbering::default(),
            sources: Numbering::default(),
            default_source: default_source.to_owned(),
            last_source: None,
            memory_limit,
            block: Block::default(),
        }
    }

    /// Takes a triple, or notes why not. `raw` is the whole line, where there is one. Errors: `MemoryLimit`,
    /// `TooManyNames`.
    pub fn push(&mut self, line: u64, fields: &Fields, raw: Option<&[u8]>) -> Result<(), ExportError> {
        let Checked { head, relation, tail, weight, source } = match check(fields) {
            Ok(checked) => checked,
            Err((reason, detail)) => {
                match raw {
                    Some(raw) => self.reject(line, reason, detail, raw),
                    None => self.reject(line, reason, detail, &joined(fields)),
                }
                return Ok(());
            }
        };
        let head = self.entities.code(head, "entities", &mut self.block.entities)?;
        let relation = self.relations.code(relation, "relations", &mut self.block.relations)?;
        let tail = self.entities.code(tail, "entities", &mut self.block.entities)?;
        let source = self.source(source)?;
        let needed = self.memory_bytes();
        if needed > self.memory_limit {
            return Err(ExportError::MemoryLimit {
                needed,
                limit: self.memory_limit,
                what: "the names of the triples",
            });
        }
        self.block.triples.push(head, relation, tail, weight, source);
        Ok(())
    }

    /// Notes a line that cannot be used.
    pub fn reject(&mut self, line: u64, reason: Reason, detail: String, raw: &[u8]) {
        let kept = &raw[..raw.len().min(EXCERPT_BYTES)];
        let excerpt = String::from_utf8_lossy(kept).replace('\0', "\u{FFFD}");
        self.block.rejected.push(Rejected { line, reason, detail, excerpt });
    }

    /// Whether it is time for [`take_block`](Self::take_block).
    pub fn is_full(&self) -> bool {
        self.block.triples.len() >= BLOCK_TRIPLES || self.block.rejected.len() >= BLOCK_REJECTED
    }

    /// What was gathered since the last call.
    pub fn take_block(&mut self) -> Block {
        std::mem::take(&mut self.block)
    }

    /// Bytes that the names take.
    pub fn memory_bytes(&self) -> usize {
        self.entities.bytes + self.relations.bytes + self.sources.bytes
    }

    /// Most files have few sources, many triples of the same one after the other.
    fn source(&mut self, source: Option<&str>) -> Result<u32, ExportError> {
        let source = source.unwrap_or(&self.default_source);
        if let Some((last, code)) = &self.last_source
            && last == source.as_bytes()
        {
            return Ok(*code);
        }
        let code = self.sources.code(source, "sources", &mut self.block.sources)?;
        self.last_source = Some((source.as_bytes().to_vec(), code));
        Ok(code)
    }
}

/// Distinct names by number.
#[derive(Debug, Default)]
struct Numbering {
    codes: FxHashMap<Box<str>, u32>,
    bytes: usize,
}

impl Numbering {
    /// The number of a name; a new one is added to `new`.
    fn code(&mut self, name: &str, what: &'static str, new: &mut Vec<String>) -> Result<u32, ExportError> {
        if let Some(&code) = self.codes.get(name) {
            return Ok(code);
        }
        const LIMIT: usize = u32::MAX as usize;
        let code = u32::try_from(self.codes.len()).map_err(|_| ExportError::TooManyNames { what, limit: LIMIT })?;
        self.codes.insert(name.into(), code);
        self.bytes += name.len() + NAME_OVERHEAD;
        new.push(name.to_owned());
        Ok(code)
    }
}

struct Checked<'a> {
    head: &'a str,
    relation: &'a str,
    tail: &'a str,
    weight: f32,
    source: Option<&'a str>,
}

type Refusal = (Reason, String);

fn check<'a>(fields: &Fields<'a>) -> Result<Checked<'a>, Refusal> {
    Ok(Checked {
        head: name("head", fields.head)?,
        relation: name("relation", fields.relation)?,
        tail: name("tail", fields.tail)?,
        weight: weight(fields.weight)?,
        source: fields.source.map(|source| text("source", source)).transpose()?,
    })
}

fn name<'a>(column: &str, value: Option<&'a [u8]>) -> Result<&'a str, Refusal> {
    match value {
        None => Err((Reason::EmptyName, format!("{column} is NULL"))),
        Some([]) => Err((Reason::EmptyName, format!("{column} is empty"))),
        Some(value) => text(column, value),
    }
}

fn text<'a>(column: &str, value: &'a [u8]) -> Result<&'a str, Refusal> {
    if value.len() > MAX_NAME_BYTES {
        let detail = format!("{column} has {} bytes, at most {MAX_NAME_BYTES} are allowed", value.len());
        return Err((Reason::NameTooLong, detail));
    }
    let text = std::str::from_utf8(value)
        .map_err(|error| (Reason::NotUtf8, format!("{column}, byte {}", error.valid_up_to() + 1)))?;
    match value.iter().position(|&byte| byte == 0) {
        Some(at) => Err((Reason::NulCharacter, format!("{column}, byte {}", at + 1))),
        None => Ok(text),
    }
}

fn weight(weight: Weight) -> Result<f32, Refusal> {
    let refused = |shown: &str| (Reason::BadWeight, format!("weight {shown} is not a number in (0,1]"));
    let number = match weight {
        Weight::Unset => return Ok(1.0),
        Weight::Number(number) => number,
        Weight::Text(text) => {
            std::str::from_utf8(text).ok().and_then(|text| text.parse::<f64>().ok()).ok_or_else(|| {
                let shown = &text[..text.len().min(40)];
                refused(&format!("\"{}\"", String::from_utf8_lossy(shown).replace('\0', "\u{FFFD}")))
            })?
        }
    };
    // What is positive but less than any 32-bit float would be stored as 0.
    let stored = number as f32;
    if stored > 0.0 && number <= 1.0 { Ok(stored) } else { Err(refused(&number.to_string())) }
}

/// A row as a line of text, for the excerpt.
fn joined(fields: &Fields) -> Vec<u8> {
    let weight = match fields.weight {
        Weight::Unset => Vec::new(),
        Weight::Number(number) => number.to_string().into_bytes(),
        Weight::Text(text) => text.to_vec(),
    };
    let part = |value: Option<&[u8]>| {
        let value = value.unwrap_or_default();
        value[..value.len().min(EXCERPT_BYTES)].to_vec()
    };
    [part(fields.head), part(fields.relation), part(fields.tail), weight, part(fields.source)].join(&b'\t')
}
