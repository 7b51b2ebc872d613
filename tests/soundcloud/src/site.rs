//! The catalogue that is played, and its things as JSON.

use crate::hazards::{Hazards, lot};
use serde_json::{Map, Value, json};
use sgr_engine::demo::{DemoCatalogue, DemoPlaylist, DemoTrack};
use std::collections::BTreeMap;

/// The service has one namespace of users. The artist `a` of the catalogue is user `ARTISTS_FROM + a`.
pub const ARTISTS_FROM: i64 = 1_000_000;

/// A user, artist or not.
#[derive(Debug, Clone)]
pub struct Person {
    /// Display name.
    pub name: String,
    /// URL of the profile.
    pub permalink_url: String,
    /// City.
    pub city: Option<&'static str>,
    /// ISO code.
    pub country_code: Option<&'static str>,
    /// Followers.
    pub followers_count: Option<i64>,
}

/// Everything that can be asked for. Private playlists are left out: nobody gets to see them.
#[derive(Debug, Default)]
pub struct Site {
    /// By number.
    pub tracks: BTreeMap<i64, DemoTrack>,
    /// By number.
    pub users: BTreeMap<i64, Person>,
    /// By number; public ones only.
    pub playlists: BTreeMap<i64, DemoPlaylist>,
    /// Tracks of playlists in their order.
    pub entries: BTreeMap<i64, Vec<i64>>,
    /// Tracks of artists, by the user's number.
    pub uploads: BTreeMap<i64, Vec<i64>>,
    /// Playlists of users.
    pub playlists_of: BTreeMap<i64, Vec<i64>>,
    /// Tracks that users like.
    pub likes: BTreeMap<i64, Vec<i64>>,
    /// Tracks that users reposted.
    pub reposts: BTreeMap<i64, Vec<i64>>,
    /// Users who like tracks.
    pub likers: BTreeMap<i64, Vec<i64>>,
    /// Users who reposted tracks.
    pub reposters: BTreeMap<i64, Vec<i64>>,
}

impl Site {
    /// A site with the catalogue's public part.
    pub fn new(catalogue: &DemoCatalogue) -> Self {
        let mut site = Self::default();
        for artist in &catalogue.artists {
            site.users.insert(
                ARTISTS_FROM + artist.artist_id,
                Person {
                    name: artist.name.clone(),
                    permalink_url: artist.permalink_url.clone(),
                    city: artist.city,
                    country_code: artist.country_code,
                    followers_count: artist.followers_count,
                },
            );
        }
        for user in &catalogue.users {
            site.users.insert(
                user.user_id,
                Person {
                    name: user.name.clone(),
                    permalink_url: user.permalink_url.clone(),
                    city: user.city,
                    country_code: user.country_code,
                    followers_count: user.followers_count,
                },
            );
        }
        for track in &catalogue.tracks {
            site.uploads.entry(ARTISTS_FROM + track.artist_id).or_default().push(track.track_id);
            site.tracks.insert(track.track_id, track.clone());
        }
        for playlist in catalogue.playlists.iter().filter(|playlist| playlist.is_public) {
            if let Some(owner) = playlist.owner_id {
                site.playlists_of.entry(owner).or_default().push(playlist.playlist_id);
            }
            site.playlists.insert(playlist.playlist_id, playlist.clone());
        }
        for entry in &catalogue.playlist_tracks {
            if site.playlists.contains_key(&entry.playlist_id) {
                site.entries.entry(entry.playlist_id).or_default().push(entry.track_id);
            }
        }
        for interaction in &catalogue.interactions {
            let (of_user, of_track) = match interaction.kind {
                "like" => (&mut site.likes, &mut site.likers),
                "repost" => (&mut site.reposts, &mut site.reposters),
                // Nobody is told what others play.
                _ => continue,
            };
            of_user.entry(interaction.user_id).or_default().push(interaction.track_id);
            of_track.entry(interaction.track_id).or_default().push(interaction.user_id);
        }
        site
    }

    /// Whether a track shows only if `access` asks for blocked ones too.
    pub(crate) fn is_blocked(track_id: i64) -> bool {
        lot(&track_id.to_string(), "blocked").is_multiple_of(9)
    }

    pub(crate) fn track(&self, id: i64, hazards: Hazards) -> Option<Value> {
        let track = self.tracks.get(&id)?;
        let mut json = named("track", "tracks", id, hazards);
        let drift = hazards.drift && lot(&id.to_string(), "track").is_multiple_of(2);
        json.insert("title".into(), json!(track.title));
        json.insert("genre".into(), json!(track.genre.as_deref().unwrap_or("")));
        json.insert("tag_list".into(), json!(track.tags.as_deref().map_or(String::new(), tag_list)));
        json.insert("permalink_url".into(), json!(track.permalink_url));
        json.insert("duration".into(), json!(track.duration_ms));
        json.insert("label_name".into(), json!(track.label));
        json.insert("isrc".into(), json!(track.isrc));
        json.insert("bpm".into(), json!(track.bpm));
        json.insert("key_signature".into(), json!(track.key_signature));
        json.insert("created_at".into(), json!(moment(track.created_at, drift)));
        if let Some(days) = track.released_on {
            let (year, month, day) = civil(i64::from(days));
            json.insert("release_year".into(), json!(year));
            json.insert("release_month".into(), json!(month));
            json.insert("release_day".into(), json!(day));
        }
        let likes = if drift { "likes_count" } else { "favoritings_count" };
        let counts = [
            ("playback_count", track.playback_count),
            (likes, track.likes_count),
            ("reposts_count", track.reposts_count),
        ];
        // Hidden: 0 with a flag, null, or not there.
        let hidden = hazards.drift && counts.iter().all(|(_, count)| count.is_none());
        for (name, count) in counts {
            if hidden {
                json.insert(name.into(), json!(0));
            } else {
                insert_count(&mut json, name, count, drift);
            }
        }
        json.insert("reveal_stats".into(), json!(!hidden));
        insert_count(&mut json, "comment_count", track.comment_count, drift);
        json.insert("access".into(), json!(if Self::is_blocked(id) { "blocked" } else { "playable" }));
        if drift {
            json.insert("badges".into(), json!({ "levels": [[1, "x"], { "collection": [] }], "pro": null }));
        }
        let artist = ARTISTS_FROM + track.artist_id;
        json.insert("user".into(), self.user(artist, hazards).unwrap_or(Value::Null));
        Some(Value::Object(json))
    }

    pub(crate) fn stub(id: i64) -> Value {
        json!({ "id": id, "kind": "track", "monetization_model": "NOT_APPLICABLE", "policy": "ALLOW" })
    }

    pub(crate) fn user(&self, id: i64, hazards: Hazards) -> Option<Value> {
        let user = self.users.get(&id)?;
        let mut json = named("user", "users", id, hazards);
        json.insert("username".into(), json!(user.name));
        json.insert("permalink_url".into(), json!(user.permalink_url));
        json.insert("city".into(), json!(user.city));
        json.insert("country_code".into(), json!(user.country_code));
        insert_count(&mut json, "followers_count", user.followers_count, hazards.drift && id % 2 == 0);
        json.insert("track_count".into(), json!(self.uploads.get(&id).map_or(0, Vec::len)));
        json.insert("avatar_url".into(), json!("https://i1.sndcdn.com/avatars.jpg"));
        Some(Value::Object(json))
    }

    pub(crate) fn playlist(&self, id: i64, hazards: Hazards) -> Option<Value> {
        let playlist = self.playlists.get(&id)?;
        let mut json = named("playlist", "playlists", id, hazards);
        let drift = hazards.drift && lot(&id.to_string(), "playlist").is_multiple_of(2);
        json.insert("title".into(), json!(playlist.title));
        json.insert("tag_list".into(), json!(playlist.tags.as_deref().map_or(String::new(), tag_list)));
        json.insert("permalink_url".into(), json!(playlist.permalink_url));
        json.insert("created_at".into(), json!(moment(playlist.created_at, drift)));
        json.insert("last_modified".into(), json!(moment(playlist.modified_at, !drift)));
        json.insert("sharing".into(), json!("public"));
        json.insert("playlist_type".into(), json!(if playlist.is_album { "album" } else { "playlist" }));
        insert_count(&mut json, "track_count", playlist.track_count.map(i64::from), drift);
        insert_count(&mut json, "likes_count", playlist.likes_count, drift);
        if let Some(owner) = playlist.owner_id {
            json.insert("user".into(), self.user(owner, hazards).unwrap_or(Value::Null));
        }
        Some(Value::Object(json))
    }
}

/// Kind, and number, URN or both.
fn named(kind: &str, namespace: &str, id: i64, hazards: Hazards) -> Map<String, Value> {
    let mut json = Map::new();
    let form = if hazards.drift { lot(&format!("{namespace}{id}"), "id") % 3 } else { 1 };
    if form != 1 {
        json.insert("id".into(), json!(id));
    }
    if form != 0 {
        json.insert("urn".into(), json!(format!("soundcloud:{namespace}:{id}")));
    }
    json.insert("kind".into(), json!(kind));
    json
}

fn insert_count(json: &mut Map<String, Value>, name: &str, count: Option<i64>, leave_out: bool) {
    if count.is_some() || !leave_out {
        json.insert(name.into(), json!(count));
    }
}

fn tag_list(tags: &[String]) -> String {
    let quoted = |tag: &String| if tag.contains(char::is_whitespace) { format!("\"{tag}\"") } else { tag.clone() };
    tags.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn moment(seconds: i64, iso: bool) -> String {
    if iso {
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        let rest = seconds.rem_euclid(86_400);
        format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
    } else {
        slashed(seconds)
    }
}

/// `2019/01/15 15:40:49 +0000`.
pub(crate) fn slashed(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(86_400));
    let rest = seconds.rem_euclid(86_400);
    format!("{year:04}/{month:02}/{day:02} {:02}:{:02}:{:02} +0000", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Year, month and day of a number of days since 1970-01-01 (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(-1), (1969, 12, 31));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(slashed(1_547_566_849), "2019/01/15 15:40:49 +0000");
        assert_eq!(moment(1_547_566_849, true), "2019-01-15T15:40:49Z");
    }

    #[test]
    fn tags_of_several_words_are_quoted() {
        assert_eq!(tag_list(&["a".to_owned(), "b c".to_owned(), "d".to_owned()]), r#"a "b c" d"#);
    }
}
