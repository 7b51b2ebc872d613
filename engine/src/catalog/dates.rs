//! Points in time and calendar days as the API writes them.

use super::rejection::Reason;

/// Years that are taken for real. Year 1 is the zero of some date libraries, year 0 of others.
const YEARS: std::ops::RangeInclusive<i32> = 1000..=9999;

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// Days since 1970-01-01 of a day of the Gregorian calendar.
///
/// # Errors
/// [`Reason::BadDate`]: there is no such day, or the year is outside 1000..=9999.
pub(super) fn days(year: i32, month: i32, day: i32) -> Result<i32, Reason> {
    const LENGTHS: [i32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = usize::try_from(month - 1).ok().and_then(|at| LENGTHS.get(at)).copied().unwrap_or(0);
    let length = length + i32::from(leap && month == 2);
    if !YEARS.contains(&year) || day < 1 || day > length {
        return Err(Reason::BadDate);
    }
    // The year begins in March here, so that the leap day is its last one (Hinnant, "chrono-Compatible Low-Level Date
    // Algorithms": days_from_civil).
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Ok(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

/// Microseconds since the Unix epoch of `2019/01/15 15:40:49 +0000`, `2019-01-15T15:40:49.123Z`,
/// `2019-01-15 15:40:49+01:00` or `2019-01-15`. Without an offset it is UTC.
///
/// # Errors
/// [`Reason::BadDate`].
pub(crate) fn timestamp(text: &str) -> Result<i64, Reason> {
    let mut cursor = Cursor { rest: text.trim().as_bytes() };
    let day = cursor.day()?;
    let mut micros = i64::from(day) * SECONDS_PER_DAY * MICROS_PER_SECOND;
    if cursor.rest.is_empty() {
        return Ok(micros);
    }
    if !cursor.take(b"Tt ") {
        return Err(Reason::BadDate);
    }
    let hour = cursor.number(2, 23)?;
    cursor.expect(b":")?;
    let minute = cursor.number(2, 59)?;
    // 60 is a leap second and becomes the second after it.
    let second = if cursor.take(b":") { cursor.number(2, 60)? } else { 0 };
    let fraction = if cursor.take(b".,") { cursor.fraction()? } else { 0 };
    let seconds = i64::from(hour * 3600 + minute * 60 + second) - i64::from(cursor.offset()?);
    if !cursor.rest.is_empty() {
        return Err(Reason::BadDate);
    }
    micros += seconds * MICROS_PER_SECOND + fraction;
    Ok(micros)
}

/// Days since 1970-01-01 of the date part of what [`timestamp`] reads, at the place that the offset belongs to.
///
/// # Errors
/// [`Reason::BadDate`].
pub(super) fn calendar_day(text: &str) -> Result<i32, Reason> {
    timestamp(text)?;
    Cursor { rest: text.trim().as_bytes() }.day()
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl Cursor<'_> {
    /// Takes the next byte if it is one of `any`.
    fn take(&mut self, any: &[u8]) -> bool {
        match self.rest {
            [first, rest @ ..] if any.contains(first) => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, any: &[u8]) -> Result<(), Reason> {
        if self.take(any) { Ok(()) } else { Err(Reason::BadDate) }
    }

    /// Exactly `len` digits, a number of at most `max`.
    fn number(&mut self, len: usize, max: i32) -> Result<i32, Reason> {
        let (digits, rest) = self.rest.split_at_checked(len).ok_or(Reason::BadDate)?;
        let mut number = 0;
        for &digit in digits {
            if !digit.is_ascii_digit() {
                return Err(Reason::BadDate);
            }
            number = number * 10 + i32::from(digit - b'0');
        }
        self.rest = rest;
        if number <= max { Ok(number) } else { Err(Reason::BadDate) }
    }

    fn day(&mut self) -> Result<i32, Reason> {
        let year = self.number(4, 9999)?;
        self.expect(b"-/")?;
        let month = self.number(2, 12)?;
        self.expect(b"-/")?;
        let day = self.number(2, 31)?;
        days(year, month, day)
    }

    /// Microseconds of the digits after the decimal point; those after the sixth are cut off.
    fn fraction(&mut self) -> Result<i64, Reason> {
        let mut micros = 0;
        let mut unit = MICROS_PER_SECOND;
        let mut any = false;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.rest {
            unit /= 10;
            micros += unit * i64::from(digit - b'0');
            any = true;
            self.rest = rest;
        }
        if any { Ok(micros) } else { Err(Reason::BadDate) }
    }

    /// Seconds east of UTC.
    fn offset(&mut self) -> Result<i32, Reason> {
        self.take(b" ");
        if self.rest.is_empty() || self.take(b"Zz") {
            return Ok(0);
        }
        if self.rest == b"UTC" || self.rest == b"GMT" {
            self.rest = &[];
            return Ok(0);
        }
        let sign = if self.take(b"+") {
            1
        } else {
            self.expect(b"-")?;
            -1
        };
        let hours = self.number(2, 23)?;
        self.take(b":");
        let minutes = if self.rest.is_empty() { 0 } else { self.number(2, 59)? };
        Ok(sign * (hours * 3600 + minutes * 60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_formats_name_the_same_moment() {
        // date -u -d '2019-01-15 15:40:49' +%s
        let moment = 1_547_566_849 * MICROS_PER_SECOND;
        for text in [
            "2019/01/15 15:40:49 +0000",
            "2019-01-15T15:40:49Z",
            " 2019-01-15 15:40:49+00:00 ",
            "2019-01-15T16:40:49+01:00",
            "2019-01-15T16:40:49+01",
            "2019-01-15T10:10:49-05:30",
            "2019-01-15T15:40:49.000Z",
            "2019-01-15t15:40:49z",
            "2019-01-15 15:40:49 UTC",
            "2019-01-15 15:40:49",
        ] {
            assert_eq!(timestamp(text), Ok(moment), "{text}");
        }
        assert_eq!(timestamp("2019-01-15T15:40:49.123456789Z"), Ok(moment + 123_456));
        assert_eq!(timestamp("2019-01-15T15:40Z"), Ok(moment - 49 * MICROS_PER_SECOND));
        assert_eq!(timestamp("1969-12-31T23:59:59.5Z"), Ok(-500_000));
        assert_eq!(timestamp("2016-12-31T23:59:60Z"), timestamp("2017-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "0000/01/01 00:00:00 +0000",
            "0001-01-01T00:00:00Z",
            "99999-01-01T00:00:00Z",
            "2019-13-01",
            "2019-02-29",
            "1900-02-29",
            "2019-00-01",
            "2019-01-00",
            "2019-1-5",
            "2019-01-15T",
            "2019-01-15T24:00:00Z",
            "2019-01-15T15:60:00Z",
            "2019-01-15T15:40:61Z",
            "2019-01-15T15:40:49.Z",
            "2019-01-15T15:40:49+25:00",
            "2019-01-15T15:40:49Zx",
            "15/01/2019",
            "yesterday",
            "٢٠١٩-01-15",
        ] {
            assert_eq!(timestamp(text), Err(Reason::BadDate), "{text}");
        }
    }

    #[test]
    fn days_follow_each_other() {
        assert_eq!(days(1970, 1, 1), Ok(0));
        assert_eq!(days(2000, 2, 29), Ok(11_016));
        assert_eq!(days(9999, 12, 31), Ok(2_932_896));
        let mut expected = days(1000, 1, 1).expect("a good day");
        for year in 1000..=2400 {
            for month in 1..=12 {
                for day in 1..=31 {
                    if let Ok(found) = days(year, month, day) {
                        assert_eq!(found, expected);
                        expected += 1;
                    }
                }
            }
        }
        assert_eq!(calendar_day("2021-02-18 23:00:00-05:00"), days(2021, 2, 18));
    }
}
