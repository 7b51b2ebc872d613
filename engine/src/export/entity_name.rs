//! How an entity is called in a file: `kind:key`, or its bare name where it has no kind.
//!
//! The form goes both ways without loss: [`parse`] undoes [`write()`] for every key of the [`KINDS`] and of
//! [`PLAIN_KIND`], and [`write()`] undoes [`parse`] for every name. The few bare names that look like something else
//! (an entity without kind called `track:42`) are written with `entity:` before them.

/// Kinds of entities of the catalogue's graph.
pub const KINDS: [&str; 8] = ["track", "artist", "playlist", "user", "genre", "tag", "label", "date"];

/// Kind of entities that came without one.
pub const PLAIN_KIND: &str = "entity";

/// What stands before a bare name that looks like a kind and a key.
const MARK: &str = "entity:";

/// Appends the name of an entity to `name`. A kind that is not among [`KINDS`] is written like one of them, but read as
/// part of a bare name.
pub fn write(kind: &str, key: &str, name: &mut String) {
    if kind != PLAIN_KIND || kind_and_key(unmarked(key)).is_some() {
        name.push_str(kind);
        name.push(':');
    }
    name.push_str(key);
}

/// The (kind, key) that a name stands for.
pub fn parse(name: &str) -> (&str, &str) {
    let base = unmarked(name);
    match kind_and_key(base) {
        None => (PLAIN_KIND, name),
        Some(parts) if base.len() == name.len() => parts,
        // Marked, because without the mark it would be read as something else.
        Some(_) => (PLAIN_KIND, name.strip_prefix(MARK).unwrap_or(name)),
    }
}

/// The name without any `entity:` at its beginning.
fn unmarked(name: &str) -> &str {
    name.trim_start_matches(MARK)
}

fn kind_and_key(name: &str) -> Option<(&str, &str)> {
    name.split_once(':').filter(|(kind, key)| !key.is_empty() && KINDS.contains(kind))
}
