//! From JSON values to the types of the catalogue. What does not fit is reported, and the field stays unknown.

use super::dates;
use super::links;
use super::object::{Field, Object};
use super::rejection::{Log, Path, Reason};
use super::scan::{Value, decode};
use super::tags::tag_list;
use std::borrow::Cow;

/// Tracks faster than this are typing errors: the fastest genres stay below it.
pub const MAX_BPM: f32 = 1000.0;

/// Longest text of a field, in bytes of UTF-8. Longer ones could not be indexed in Postgres, and are no names.
pub const MAX_TEXT_BYTES: usize = 2000;

/// Longest `tag_list`, in bytes of UTF-8.
pub const MAX_TAG_LIST_BYTES: usize = 16_384;

/// Reads the fields of one object and reports the bad ones.
pub(super) struct Fields<'r, 'a, 'o> {
    object: &'r Object<'a>,
    path: &'r Path<'r>,
    log: &'r mut Log<'o>,
}

impl<'r, 'a, 'o> Fields<'r, 'a, 'o> {
    pub(super) fn new(object: &'r Object<'a>, path: &'r Path<'r>, log: &'r mut Log<'o>) -> Self {
        Self { object, path, log }
    }

    pub(super) fn reject(&mut self, field: Field, reason: Reason) {
        self.log.field(reason, &self.path.key(field.name()), self.object.get(field).raw());
    }

    /// A field that is there and not null, converted.
    fn read<T>(&mut self, field: Field, convert: impl FnOnce(Value<'a>) -> Result<Option<T>, Reason>) -> Option<T> {
        let value = self.object.get(field);
        if !value.is_given() {
            return None;
        }
        match convert(value) {
            Ok(known) => known,
            Err(reason) => {
                self.reject(field, reason);
                None
            }
        }
    }

    /// A text, trimmed; an empty one is unknown.
    fn borrowed(&mut self, field: Field, max: usize) -> Option<Cow<'a, str>> {
        self.read(field, |value| text(value, max))
    }

    /// A text as displayed, trimmed; an empty one is unknown.
    pub(super) fn text(&mut self, field: Field) -> Option<String> {
        self.borrowed(field, MAX_TEXT_BYTES).map(Cow::into_owned)
    }

    /// A URL in its normal form.
    pub(super) fn url(&mut self, field: Field) -> Option<String> {
        let text = self.borrowed(field, MAX_TEXT_BYTES)?;
        match links::normalise(&text) {
            Ok(url) if url.len() <= MAX_TEXT_BYTES => Some(url),
            Ok(_) => {
                self.reject(field, Reason::TooLarge);
                None
            }
            Err(reason) => {
                self.reject(field, reason);
                None
            }
        }
    }

    /// An ISRC without hyphens, in capitals.
    pub(super) fn isrc(&mut self, field: Field) -> Option<String> {
        let text = self.borrowed(field, MAX_TEXT_BYTES)?;
        let isrc = isrc(&text);
        if isrc.is_none() {
            self.reject(field, Reason::BadIsrc);
        }
        isrc
    }

    /// Two letters, in capitals.
    pub(super) fn country_code(&mut self, field: Field) -> Option<String> {
        let code = self.borrowed(field, MAX_TEXT_BYTES)?;
        if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Some(code.to_ascii_uppercase());
        }
        self.reject(field, Reason::UnknownValue);
        None
    }

    /// One of some words, in lower case.
    pub(super) fn word<T>(&mut self, field: Field, meaning: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let word = self.borrowed(field, MAX_TEXT_BYTES)?;
        let known = meaning(&word.to_ascii_lowercase());
        if known.is_none() {
            self.reject(field, Reason::UnknownValue);
        }
        known
    }

    /// Tags and machine tags.
    pub(super) fn tags(&mut self, field: Field) -> Option<(Vec<String>, Vec<String>)> {
        let (tags, machine_tags) = tag_list(&self.borrowed(field, MAX_TAG_LIST_BYTES)?);
        if tags.iter().chain(&machine_tags).any(|tag| tag.len() > MAX_TEXT_BYTES) {
            self.reject(field, Reason::TooLarge);
            return None;
        }
        Some((tags, machine_tags))
    }

    pub(super) fn flag(&mut self, field: Field) -> Option<bool> {
        self.read(field, |value| match value {
            Value::Bool(flag) => Ok(Some(flag)),
            _ => Err(Reason::WrongType),
        })
    }

    /// A whole number of at least `min` and at most `max`.
    pub(super) fn number(&mut self, field: Field, min: i64, max: i64) -> Option<i64> {
        self.read(field, |value| match value {
            Value::Number(raw) => match integer(raw)? {
                number if (min..=max).contains(&number) => Ok(Some(number)),
                _ => Err(Reason::NumberOutOfRange),
            },
            _ => Err(Reason::WrongType),
        })
    }

    /// A count of 0 or more. -1 stands for a hidden one, which is unknown.
    pub(super) fn count(&mut self, field: Field) -> Option<i64> {
        if self.object.get(field) == Value::Number("-1") {
            return None;
        }
        self.number(field, 0, i64::MAX)
    }

    /// A number of 0 or more that fits Postgres' `integer`.
    pub(super) fn small(&mut self, field: Field) -> Option<i32> {
        if self.object.get(field) == Value::Number("-1") {
            return None;
        }
        self.number(field, 0, i64::from(i32::MAX)).and_then(|number| i32::try_from(number).ok())
    }

    /// Beats per minute.
    pub(super) fn bpm(&mut self, field: Field) -> Option<f32> {
        self.read(field, |value| match value {
            Value::Number(raw) => match raw.parse::<f32>() {
                Ok(bpm) if bpm > 0.0 && bpm <= MAX_BPM => Ok(Some(bpm)),
                _ => Err(Reason::NumberOutOfRange),
            },
            _ => Err(Reason::WrongType),
        })
    }

    /// A point in time in microseconds since the Unix epoch.
    pub(super) fn timestamp(&mut self, field: Field) -> Option<i64> {
        self.read(field, |value| text(value, MAX_TEXT_BYTES)?.map(|text| dates::timestamp(&text)).transpose())
    }

    /// A point in time given as a text or as a number of milliseconds since the Unix epoch.
    pub(super) fn moment(&mut self, field: Field) -> Option<i64> {
        match self.object.get(field) {
            // 9999-12-31 is the last day that texts can give.
            Value::Number(_) => self.number(field, 0, 253_402_300_799_999).map(|millis| millis * 1000),
            _ => self.timestamp(field),
        }
    }

    /// The release date, in days since 1970-01-01: from three fields if there is a year, else from one.
    pub(super) fn released_on(&mut self) -> Option<i32> {
        const THREE: [Field; 3] = [Field::ReleaseYear, Field::ReleaseMonth, Field::ReleaseDay];
        let given = THREE.map(|field| self.object.has(field));
        if given == [false; 3] {
            return self.read(Field::ReleaseDate, |value| {
                text(value, MAX_TEXT_BYTES)?.map(|text| dates::calendar_day(&text)).transpose()
            });
        }
        let [year, month, day] = THREE.map(|field| self.number(field, 0, i64::from(i32::MAX)));
        let small = |number: Option<i64>| number.and_then(|number| i32::try_from(number).ok());
        match (small(year), small(month), small(day)) {
            (Some(year), Some(month), Some(day)) => match dates::days(year, month, day) {
                Ok(days) => return Some(days),
                Err(reason) => self.reject_parts(reason, &[year, month, day]),
            },
            // A part of the wrong type is reported already.
            (year, month, day) if given == [year.is_some(), month.is_some(), day.is_some()] => {
                let parts: Vec<i32> = [year, month, day].into_iter().flatten().collect();
                self.reject_parts(Reason::PartialDate, &parts);
            }
            _ => {}
        }
        None
    }

    fn reject_parts(&mut self, reason: Reason, parts: &[i32]) {
        let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
        self.log.field(reason, &self.path.key(Field::ReleaseYear.name()), &parts.join("-"));
    }
}

fn text<'a>(value: Value<'a>, max: usize) -> Result<Option<Cow<'a, str>>, Reason> {
    let Value::Text(raw, escaped) = value else { return Err(Reason::WrongType) };
    // The escaped form is never shorter than the text; 6 times longer if every character is escaped.
    if raw.len() > 6 * max {
        return Err(Reason::TooLarge);
    }
    let trimmed = match decode(raw, escaped)? {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    };
    // The scanner lets no raw control character through, but the text may come from elsewhere one day.
    if trimmed.contains('\0') {
        return Err(Reason::NulCharacter);
    }
    match trimmed.len() {
        0 => Ok(None),
        len if len > max => Err(Reason::TooLarge),
        _ => Ok(Some(trimmed)),
    }
}

/// A whole number: `12`, but also `12.0` and `1.2e1`, which JSON does not tell apart.
///
/// # Errors
/// [`Reason::NumberOutOfRange`] beyond 64 bits, or beyond 2^53 in the forms with point or exponent, which are not exact
/// there; [`Reason::WrongType`] with a fraction.
pub(super) fn integer(raw: &str) -> Result<i64, Reason> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Ok(number) = raw.parse() {
        return Ok(number);
    }
    if raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Err(Reason::NumberOutOfRange);
    }
    match raw.parse::<f64>() {
        Ok(number) if number.abs() > EXACT => Err(Reason::NumberOutOfRange),
        Ok(number) if number.fract() == 0.0 => Ok(number as i64),
        _ => Err(Reason::WrongType),
    }
}

/// An ISRC (ISO 3901): two letters, three letters or digits, seven digits.
fn isrc(text: &str) -> Option<String> {
    let isrc: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '\u{2010}'..='\u{2013}'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let bytes = isrc.as_bytes();
    let good = bytes.len() == 12
        && bytes.iter().take(2).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(2).take(3).all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && bytes.iter().skip(5).all(u8::is_ascii_digit);
    good.then_some(isrc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers() {
        for (raw, expected) in [
            ("12", Ok(12)),
            ("-0", Ok(0)),
            ("12.0", Ok(12)),
            ("1.2e1", Ok(12)),
            ("9223372036854775807", Ok(i64::MAX)),
            ("9223372036854775808", Err(Reason::NumberOutOfRange)),
            ("1e400", Err(Reason::NumberOutOfRange)),
            ("-1e400", Err(Reason::NumberOutOfRange)),
            ("9007199254740993.0", Ok(9_007_199_254_740_992)),
            ("1e16", Err(Reason::NumberOutOfRange)),
            ("1.5", Err(Reason::WrongType)),
            ("1e-400", Ok(0)),
        ] {
            assert_eq!(integer(raw), expected, "{raw}");
        }
    }

    #[test]
    fn isrcs() {
        assert_eq!(isrc("gb-ayk-99 12345").as_deref(), Some("GBAYK9912345"));
        assert_eq!(isrc("US–S1Z–99–00001").as_deref(), Some("USS1Z9900001"));
        for text in ["GBAYK991234", "GBAYK99123456", "1BAYK9912345", "GBAYK99I2345", "ÜBAYK991234", "none"] {
            assert_eq!(isrc(text), None, "{text}");
        }
    }
}
