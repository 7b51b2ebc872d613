//! The `because` line.

use sgr_engine::recommend::Ranked;

const PLAYLISTS: usize = 0;
const LIKES: usize = 1;
const TAGS: usize = 2;
const ARTIST: usize = 3;
const EMBEDDING: usize = 5;

/// The track of the profile that weighed most, by the larger of the two co-occurrence contributions.
pub fn strongest(ranked: &Ranked) -> Option<i64> {
    ranked.evidence[stronger(ranked)].strongest.map(|(track_id, _)| track_id)
}

fn stronger(ranked: &Ranked) -> usize {
    if ranked.contributions[LIKES] > ranked.contributions[PLAYLISTS] { LIKES } else { PLAYLISTS }
}

/// One readable line from the evidence; `title_of` names the tracks of a user's profile.
pub fn because(ranked: &Ranked, is_user: bool, title_of: impl Fn(i64) -> Option<String>) -> String {
    let [playlists, likes, tags, artist, popularity, near] = ranked.evidence;
    let mut parts = Vec::new();
    if is_user {
        let by = stronger(ranked);
        if let Some((seed, together)) = ranked.evidence[by].strongest.filter(|_| ranked.contributions[by] > 0.0) {
            let title = title_of(seed).map_or_else(|| format!("track {seed}"), |title| format!("\"{title}\""));
            let met = if by == PLAYLISTS {
                format!("in {} together", plural(together, "playlist"))
            } else {
                who_like_both(together)
            };
            parts.push(format!("goes with your {title} ({met})"));
        }
    } else {
        if ranked.contributions[PLAYLISTS] > 0.0 {
            parts.push(format!("in {} together", plural(playlists.count, "playlist")));
        }
        if ranked.contributions[LIKES] > 0.0 {
            parts.push(who_like_both(likes.count));
        }
    }
    if tags.count > 0 && ranked.contributions[TAGS] > 0.0 {
        parts.push(plural(tags.count, "shared tag"));
    }
    if artist.value > 0.0 && ranked.contributions[ARTIST] > 0.0 {
        let phrase = match (is_user, artist.value >= 1.0) {
            (true, _) => "by an artist of yours",
            (false, true) => "same artist",
            (false, false) => "artists who worked together",
        };
        parts.push(phrase.to_owned());
    }
    if near.value > 0.0 && ranked.contributions[EMBEDDING] > 0.0 {
        parts.push("near in the graph".to_owned());
    }
    if parts.is_empty() {
        parts.push(if popularity.value > 0.0 { "popular".to_owned() } else { "not heard much yet".to_owned() });
    }
    parts.join(", ")
}

/// "1 user who likes both".
pub fn who_like_both(users: u32) -> String {
    format!("{} who {} both", plural(users, "user"), if users == 1 { "likes" } else { "like" })
}

/// "1 tag", "2 tags".
pub fn plural(count: impl Into<i64>, noun: &str) -> String {
    let count = count.into();
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
