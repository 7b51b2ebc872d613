//! The `because` line.

use sgr_engine::recommend::Ranked;

const PLAYLISTS: usize = 0;
const LIKES: usize = 1;
const TAGS: usize = 2;
const ARTIST: usize = 3;

/// The track of the profile that weighed most, by the larger of the two co-occurrence contributions.
pub fn strongest(ranked: &Ranked) -> Option<i64> {
    let by = if ranked.contributions[LIKES] > ranked.contributions[PLAYLISTS] { LIKES } else { PLAYLISTS };
    ranked.evidence[by].strongest
}

/// One readable line from the evidence; `title_of` names the tracks of a user's profile.
pub fn because(ranked: &Ranked, is_user: bool, title_of: impl Fn(i64) -> Option<String>) -> String {
    let [playlists, likes, tags, artist, _] = ranked.evidence;
    let mut parts = Vec::new();
    if is_user {
        if let Some(seed) = strongest(ranked) {
            let title = title_of(seed).map_or_else(|| format!("track {seed}"), |title| format!("\"{title}\""));
            parts.push(format!("close to {title}, which is yours"));
        }
        if playlists.count > 0 {
            parts.push(format!("met {} in playlists with your tracks", times(playlists.count)));
        }
        if likes.count > 0 {
            parts.push(format!("met {} among likes of your tracks", times(likes.count)));
        }
    } else {
        if playlists.count > 0 {
            parts.push(format!("in {} together", plural(playlists.count, "playlist")));
        }
        if likes.count > 0 {
            parts.push(format!("liked by {} who like it too", plural(likes.count, "user")));
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
    if parts.is_empty() {
        parts.push(if ranked.evidence[4].value > 0.0 { "popular".to_owned() } else { "not heard much yet".to_owned() });
    }
    parts.join(", ")
}

fn plural(count: u32, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}
