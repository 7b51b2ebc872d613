//! SoundCloud's `tag_list`.

use rustc_hash::FxHashSet;
use std::borrow::Cow;

/// Reads a `tag_list`: tags are separated by blanks, a tag of several words stands in double quotes, and
/// `namespace:predicate=value` is a machine tag, whose value may be quoted as well.
///
/// Returns `(tags, machine tags)` in their order, without quotes and without repeated texts. A quote that is never
/// closed is left out; a quote inside a word (`12"`) stays.
///
/// ```
/// let (tags, machine_tags) = sgr_engine::catalog::tag_list(r#"techno "deep house" geo:lat=52.5"#);
/// assert_eq!(tags, ["techno", "deep house"]);
/// assert_eq!(machine_tags, ["geo:lat=52.5"]);
/// ```
#[must_use]
pub fn tag_list(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut tags, mut machine_tags) = (Vec::new(), Vec::new());
    let mut seen: FxHashSet<Cow<str>> = FxHashSet::default();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (tag, tail) = next_tag(rest);
        rest = tail.trim_start();
        let word = tag.trim();
        if !word.is_empty() && !seen.contains(word) {
            let list = if is_machine_tag(word) { &mut machine_tags } else { &mut tags };
            list.push(word.to_owned());
            seen.insert(match tag {
                Cow::Borrowed(tag) => Cow::Borrowed(tag.trim()),
                Cow::Owned(_) => Cow::Owned(word.to_owned()),
            });
        }
    }
    (tags, machine_tags)
}

/// The first tag of `text`, which begins with no blank, and what follows.
fn next_tag(text: &str) -> (Cow<'_, str>, &str) {
    if let Some(inside) = text.strip_prefix('"') {
        return match inside.split_once('"') {
            Some((tag, tail)) => (tag.into(), tail),
            None => next_tag(inside.trim_start()),
        };
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, tail) = text.split_at_checked(end).unwrap_or((text, ""));
    // key:name="several words"
    if let Some(equals) = word.find("=\"").filter(|&at| word.get(..at).is_some_and(|key| key.contains(':')))
        && let Some((key, value)) = text.split_at_checked(equals + 2)
        && let Some((value, tail)) = value.split_once('"')
    {
        return (format!("{}{value}", key.trim_end_matches('"')).into(), tail);
    }
    (word.into(), tail)
}

/// Whether it reads `namespace:predicate=value` with none of the three empty.
fn is_machine_tag(tag: &str) -> bool {
    tag.split_once('=').is_some_and(|(key, value)| {
        !value.is_empty()
            && key.split_once(':').is_some_and(|(namespace, predicate)| {
                let word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
                word(namespace) && word(predicate)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::tag_list;

    #[test]
    fn tags_of_all_shapes() {
        for (text, tags, machine_tags) in [
            ("", &[][..], &[][..]),
            ("  ", &[], &[]),
            ("rock pop", &["rock", "pop"], &[]),
            (r#""drum and bass" dnb"#, &["drum and bass", "dnb"], &[]),
            (r#"a"drum and bass"b"#, &[r#"a"drum"#, "and", r#"bass"b"#], &[]),
            (r#""one" "two words""three""#, &["one", "two words", "three"], &[]),
            ("soundcloud:source=iphone-record live", &["live"], &["soundcloud:source=iphone-record"]),
            (r#"app:name="my app" x"#, &["x"], &["app:name=my app"]),
            (r#""geo:lat=1.5""#, &[], &["geo:lat=1.5"]),
            (r#""never closed tag"#, &["never", "closed", "tag"], &[]),
            (r#"""  "" x"#, &["x"], &[]),
            (r#"12" vinyl"#, &[r#"12""#, "vinyl"], &[]),
            ("rock rock Rock", &["rock", "Rock"], &[]),
            ("re:mix a=b http://x?y=z", &["re:mix", "a=b"], &["http://x?y=z"]),
            ("ünï\u{3000}コード", &["ünï", "コード"], &[]),
            (r#"""#, &[], &[]),
        ] {
            let found = tag_list(text);
            assert_eq!(
                found,
                (tags.iter().map(|t| t.to_string()).collect(), machine_tags.iter().map(|t| t.to_string()).collect()),
                "{text}"
            );
        }
    }
}
