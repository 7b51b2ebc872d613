//! A scanner for JSON (RFC 8259) that hands out pieces of the text.
//!
//! Nothing is converted while scanning, so a field that cannot be converted (`1e400`, `"\ud800"`) costs that field and
//! not the document, and fields that nobody asks for cost no allocation. The grammar is checked in full: what
//! `serde_json` refuses as a document is refused here too (a test compares them).

use super::rejection::Reason;
use std::borrow::Cow;

/// A JSON value as it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Value<'a> {
    /// The key was not there.
    Missing,
    Null,
    Bool(bool),
    /// The digits as they stand.
    Number(&'a str),
    /// What stands between the quotes, and whether there is a backslash in it.
    Text(&'a str, bool),
    /// From `[` to `]`.
    Array(&'a str),
    /// From `{` to `}`.
    Object(&'a str),
}

impl<'a> Value<'a> {
    /// Whether there is something.
    pub(super) fn is_given(&self) -> bool {
        !matches!(self, Value::Missing | Value::Null)
    }

    /// The JSON text, texts without their quotes.
    pub(super) fn raw(&self) -> &'a str {
        match self {
            Value::Missing => "",
            Value::Null => "null",
            Value::Bool(true) => "true",
            Value::Bool(false) => "false",
            Value::Number(raw) | Value::Text(raw, _) | Value::Array(raw) | Value::Object(raw) => raw,
        }
    }
}

/// Why scanning stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// `(byte offset, what was expected)`
    Syntax(usize, &'static str),
    TooDeep,
}

/// A position in a JSON text.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
    max_depth: u32,
}

/// Levels that the stack of [`Scanner::container`] has bits for.
const STACK_BITS: u32 = u128::BITS;

impl<'a> Scanner<'a> {
    /// `max_depth` counts arrays and objects inside each other, at most 128.
    pub(super) fn new(text: &'a str, max_depth: u32) -> Self {
        Self { text, at: 0, max_depth: max_depth.min(STACK_BITS) }
    }

    /// Passes the blanks and says which byte comes next, 0 at the end.
    pub(super) fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return byte;
            }
            self.at += 1;
        }
        0
    }

    /// Byte offset.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The text from `start` to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or("")
    }

    /// Only blanks may follow.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.peek();
        if self.at == self.text.len() { Ok(()) } else { self.fault("expected the end of the text") }
    }

    /// Takes `byte` if it comes next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let comes = self.peek() == byte && self.at < self.text.len();
        self.at += usize::from(comes);
        comes
    }

    fn fault<T>(&self, expected: &'static str) -> Result<T, Fault> {
        let expected = if self.at >= self.text.len() { "the text ends early" } else { expected };
        Err(Fault::Syntax(self.at, expected))
    }

    /// Reads any value to its end.
    pub(super) fn value(&mut self) -> Result<Value<'a>, Fault> {
        let byte = self.peek();
        let start = self.at;
        match byte {
            b'{' => self.container().map(|()| Value::Object(self.since(start))),
            b'[' => self.container().map(|()| Value::Array(self.since(start))),
            _ => self.scalar(byte),
        }
    }

    fn scalar(&mut self, first: u8) -> Result<Value<'a>, Fault> {
        match first {
            b'"' => self.text().map(|(raw, escaped)| Value::Text(raw, escaped)),
            b'-' | b'0'..=b'9' => self.number().map(Value::Number),
            b't' => self.literal("true").map(|()| Value::Bool(true)),
            b'f' => self.literal("false").map(|()| Value::Bool(false)),
            b'n' => self.literal("null").map(|()| Value::Null),
            _ => self.fault("expected a value"),
        }
    }

    /// Reads the key of a member and its colon.
    pub(super) fn key(&mut self) -> Result<(&'a str, bool), Fault> {
        if self.peek() != b'"' {
            return self.fault("expected a key in quotes");
        }
        let key = self.text()?;
        if self.take(b':') { Ok(key) } else { self.fault("expected a colon") }
    }

    /// Passes an array or object, without recursion.
    fn container(&mut self) -> Result<(), Fault> {
        // One bit per open level, the innermost lowest: 1 is an object, 0 an array.
        let mut levels: u128 = 0;
        let mut depth = 0;
        loop {
            match self.peek() {
                open @ (b'{' | b'[') => {
                    if depth == self.max_depth {
                        return Err(Fault::TooDeep);
                    }
                    self.at += 1;
                    depth += 1;
                    levels = (levels << 1) | u128::from(open == b'{');
                    let empty = self.peek() == open + 2;
                    if !empty {
                        if open == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                first => {
                    self.scalar(first)?;
                }
            }
            loop {
                let in_object = levels & 1 == 1;
                match self.peek() {
                    b',' => {
                        self.at += 1;
                        if in_object {
                            self.key()?;
                        }
                        break;
                    }
                    b'}' if in_object => {}
                    b']' if !in_object => {}
                    _ if in_object => return self.fault("expected a comma or }"),
                    _ => return self.fault("expected a comma or ]"),
                }
                self.at += 1;
                depth -= 1;
                levels >>= 1;
                if depth == 0 {
                    return Ok(());
                }
            }
        }
    }

    fn literal(&mut self, word: &'static str) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or(&[]);
        let same = rest.iter().zip(word.as_bytes()).take_while(|(a, b)| a == b).count();
        self.at += same;
        if same == word.len() { Ok(()) } else { self.fault("expected true, false or null") }
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { self.fault("expected a digit") }
    }

    /// The byte here, 0 at the end.
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.at += usize::from(self.byte() == b'-');
        if self.byte() == b'0' {
            self.at += 1;
            if self.byte().is_ascii_digit() {
                return self.fault("expected no digit after a leading zero");
            }
        } else {
            self.digits()?;
        }
        if self.byte() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), b'+' | b'-'));
            self.digits()?;
        }
        Ok(self.since(start))
    }

    /// Reads a text from its opening quote: what is between the quotes, and whether it holds escapes.
    fn text(&mut self) -> Result<(&'a str, bool), Fault> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += plain_bytes(bytes.get(self.at..).unwrap_or(&[]));
            match self.byte() {
                b'"' => {
                    let raw = self.since(start);
                    self.at += 1;
                    return Ok((raw, escaped));
                }
                b'\\' => {
                    escaped = true;
                    self.at += 1;
                    match self.byte() {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 1,
                        b'u' => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.byte().is_ascii_hexdigit() {
                                    return self.fault("expected four hexadecimal digits");
                                }
                                self.at += 1;
                            }
                        }
                        _ => return self.fault("expected an escape"),
                    }
                }
                _ => return self.fault("expected no control character in a text"),
            }
        }
    }
}

/// How many bytes come before the next quote, backslash or control character.
fn plain_bytes(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    /// High bit set in each byte that is 0, and perhaps in bytes above such a one.
    fn zeros(word: u64) -> u64 {
        word.wrapping_sub(ONES) & !word & HIGHS
    }
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let controls = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = controls | zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            // The lowest mark is exact: false marks come only above a true one.
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or(&[]);
    at + rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\').unwrap_or(rest.len())
}

/// The text that `raw` stands for.
///
/// # Errors
/// [`Reason::NulCharacter`] and [`Reason::LoneSurrogate`].
pub(super) fn decode(raw: &str, escaped: bool) -> Result<Cow<'_, str>, Reason> {
    if !escaped {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, tail)) = rest.split_once('\\') {
        out.push_str(plain);
        let code = tail.as_bytes().first().copied().unwrap_or(b'\\');
        rest = tail.get(1..).unwrap_or("");
        let decoded = match code {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (decoded, used) = unicode_escape(rest)?;
                rest = rest.get(used..).unwrap_or("");
                decoded
            }
            other => char::from(other),
        };
        out.push(decoded);
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// The character of what follows `\u`, and how many bytes it takes.
fn unicode_escape(rest: &str) -> Result<(char, usize), Reason> {
    let unit = |from: usize| rest.get(from..from + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let first = unit(0).ok_or(Reason::LoneSurrogate)?;
    match first {
        0 => Err(Reason::NulCharacter),
        0xd800..=0xdbff => {
            let second = if rest.get(4..6) == Some("\\u") { unit(6) } else { None };
            match second {
                Some(second @ 0xdc00..=0xdfff) => {
                    let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    char::from_u32(code).map(|decoded| (decoded, 10)).ok_or(Reason::LoneSurrogate)
                }
                _ => Err(Reason::LoneSurrogate),
            }
        }
        _ => char::from_u32(first).map(|decoded| (decoded, 4)).ok_or(Reason::LoneSurrogate),
    }
}

/// Line and column (in characters, both from 1) of a byte offset.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let starts_character = |byte: &&u8| **byte & 0xc0 != 0x80;
    let column = 1 + before.get(line_start..).unwrap_or(&[]).iter().filter(starts_character).count();
    (line, column)
}
