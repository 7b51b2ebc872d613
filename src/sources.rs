//! Which relation each catalogue role reads: `sgr.tracks` or a table of the user's own (`sgr_source_set`).
//!
//! Statements name roles in braces, `FROM {tracks} AS t`; [`Sources::expand`] puts the relation in.

use crate::error::Result;
use crate::spi::{self, Arg};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The roles, in the order of [`Sources`]' fields.
const ROLES: [&str; 6] = ["playlist_tracks", "playlists", "interactions", "tracks", "artists", "users"];

fn fingerprint(queries: &[String]) -> u64 {
    let mut hasher = DefaultHasher::new();
    queries.hash(&mut hasher);
    hasher.finish()
}

/// The source map as one call sees it. Read anew by each call: a change takes effect at once in every session.
#[derive(Default, Clone)]
pub struct Sources {
    /// The query of each mapped role; empty for a role that reads its own table.
    queries: [String; ROLES.len()],
    fingerprint: u64,
}

impl Sources {
    /// For statements that name no role.
    pub const NONE: Sources = Sources { queries: [const { String::new() }; ROLES.len()], fingerprint: 0 };

    /// Reads `sgr.sources`.
    pub fn load() -> Result<Self> {
        let mut sources = Sources::NONE;
        spi::select(include_str!("../sql/queries/sources.sql"), &Sources::NONE, &[], |row| {
            if let (Some(role), Some(query)) = (row.text(0), row.text(1))
                && let Some(at) = ROLES.iter().position(|known| *known == role)
            {
                sources.queries[at] = query.into_owned();
            }
            Ok(())
        })?;
        if sources.any_mapped() {
            sources.fingerprint = fingerprint(&sources.queries);
        }
        Ok(sources)
    }

    /// The same map, but of the entries only those whose playlist is known to be public.
    pub fn of_public_playlists(&self) -> Self {
        let mut narrowed = self.clone();
        narrowed.queries[0] = self.expand(include_str!("../sql/queries/public_entries.sql"));
        narrowed.fingerprint = fingerprint(&narrowed.queries);
        narrowed
    }

    /// Changes whenever a mapping changes; 0 when nothing is mapped.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// What a role reads, as people know it.
    pub fn relation_name(&self, role: &str) -> Result<String> {
        let mut name = format!("sgr.{role}");
        spi::select("SELECT relation FROM sgr.sources WHERE role = $1", &Sources::NONE, &[Arg::Text(role)], |row| {
            if let Some(relation) = row.text(0) {
                name = relation.into_owned();
            }
            Ok(())
        })?;
        Ok(name)
    }

    /// Whether any role reads a relation of the user's own, whose changes no trigger notes.
    pub fn any_mapped(&self) -> bool {
        self.queries.iter().any(|query| !query.is_empty())
    }

    /// Whether a relation of the user's own stands in for this role.
    pub fn is_mapped(&self, role: &str) -> bool {
        ROLES.iter().zip(&self.queries).any(|(known, query)| *known == role && !query.is_empty())
    }

    /// Replaces `{role}` by the role's relation or sub-query.
    pub fn expand(&self, sql: &str) -> String {
        let mut text = sql.to_owned();
        for (role, query) in ROLES.iter().zip(&self.queries) {
            let relation = if query.is_empty() { format!("sgr.{role}") } else { format!("({query})") };
            text = text.replace(&format!("{{{role}}}"), &relation);
        }
        text
    }
}
