//! The report about one track: `sgr_profile` gives it as jsonb, `sgr_unveil` as text for people.

use crate::error::Result;
use crate::paths::{Node, PathFinder, Wish, line};
use crate::recommend::{is_known, plural, unknown_track};
use crate::related::{self, Named};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use serde::Serialize;
use sgr_engine::cooccurrence::Measure;
use sgr_engine::recommend::shrunk;
use std::collections::HashMap;
use std::fmt::Write;

/// Rows per section.
const SECTION: i32 = 5;
/// Entities of the artist network: the artist, his collaborators, some of theirs.
const NETWORK: i32 = 24;

/// The report; the field names are the keys of `sgr_profile`.
#[derive(Serialize)]
pub struct Report {
    track: Summary,
    playlists: Playlists,
    related: Vec<Related>,
    similar_tags: Vec<SimilarTags>,
    artist_connections: Vec<Artist>,
    /// `None` before the graph was built.
    artist_network: Option<Vec<Colleague>>,
}

#[derive(Serialize, Default)]
struct Summary {
    track_id: i64,
    title: Option<String>,
    artist_id: Option<i64>,
    artist: Option<String>,
    genre: Option<String>,
    tags: Vec<String>,
    label: Option<String>,
    released_on: Option<String>,
    duration_ms: Option<i64>,
    permalink_url: Option<String>,
    engagement: Engagement,
}

#[derive(Serialize, Default)]
struct Engagement {
    playback_count: Option<i64>,
    likes_count: Option<i64>,
    reposts_count: Option<i64>,
    comment_count: Option<i64>,
    playlists: i64,
    likes: i64,
    popularity: Option<f64>,
}

#[derive(Serialize, Default)]
struct Playlists {
    total: i64,
    top: Vec<Playlist>,
}

#[derive(Serialize)]
struct Playlist {
    playlist_id: i64,
    title: Option<String>,
    tracks: i64,
}

#[derive(Serialize)]
struct Related {
    track_id: i64,
    title: Option<String>,
    artist: Option<String>,
    together: i64,
    cosine: f64,
    /// The best path of the graph that leads there.
    path: Option<String>,
}

#[derive(Serialize)]
struct SimilarTags {
    track_id: i64,
    title: Option<String>,
    artist: Option<String>,
    overlap_percent: f64,
    shared_tags: Vec<String>,
}

#[derive(Serialize)]
struct Artist {
    artist_id: i64,
    name: Option<String>,
    shared_playlists: i64,
    shared_fans: i64,
    collaborations: i64,
}

/// Somebody who worked with the track's artist, and with whom else.
#[derive(Serialize)]
struct Colleague {
    /// `None` for one who is known by a credit alone.
    artist_id: Option<i64>,
    name: String,
    common_tracks: i64,
    works_with: Vec<String>,
}

/// Collects the report. Errors: 42704 unknown track, 55000 before the first refresh.
pub fn report(track_id: i64) -> Result<Report> {
    let sources = Sources::load()?;
    if !is_known(track_id, &sources)? {
        return Err(unknown_track(track_id));
    }
    let track = summary(track_id, &sources)?;
    // As the playlists signal ranks: one common playlist of two rare tracks is no more than a hint.
    let mut related = related::related_tracks(track_id, i32::MAX, "playlist", Measure::Cosine, false, 1)?;
    related.sort_by(|(a, _), (b, _)| shrunk(b.cosine, b.together).total_cmp(&shrunk(a.cosine, a.together)));
    related.truncate(SECTION as usize);
    let artist_connections = match track.artist_id {
        Some(artist) => related::related_artists(artist, SECTION)?,
        None => Vec::new(),
    };
    let mut finder = PathFinder::if_built(&sources)?;
    let mut paths = best_paths(finder.as_mut(), track_id, related.iter().map(|(row, _)| row.item_id))?;
    let artist_network = match (finder.as_mut(), track.artist_id) {
        (Some(finder), Some(artist)) => Some(network(finder, artist)?),
        (Some(_), None) => Some(Vec::new()),
        (None, _) => None,
    };
    Ok(Report {
        artist_network,
        playlists: playlists(track_id, &sources)?,
        related: related
            .into_iter()
            .map(|(row, (title, artist)): (_, Named)| Related {
                track_id: row.item_id,
                title,
                artist,
                together: row.together,
                cosine: row.cosine,
                path: paths.remove(&row.item_id),
            })
            .collect(),
        similar_tags: related::similar_tags(track_id, SECTION)?
            .into_iter()
            .map(|row| SimilarTags {
                track_id: row.track_id,
                title: row.named.0,
                artist: row.named.1,
                overlap_percent: row.overlap_percent,
                shared_tags: row.shared,
            })
            .collect(),
        artist_connections: artist_connections
            .into_iter()
            .map(|row| Artist {
                artist_id: row.artist_id,
                name: row.name,
                shared_playlists: row.shared_playlists,
                shared_fans: row.shared_fans,
                collaborations: row.collaborations,
            })
            .collect(),
        track,
    })
}

/// The best path of the graph to each of the tracks that has one.
fn best_paths(
    finder: Option<&mut PathFinder>,
    track_id: i64,
    others: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, String>> {
    let mut lines = HashMap::new();
    let Some(finder) = finder else { return Ok(lines) };
    let Some(from) = finder.track_if_known(track_id)? else { return Ok(lines) };
    for other in others {
        if let Some(to) = finder.track_if_known(other)? {
            let found = finder.find(&from, &to, &Wish::best(1))?;
            lines.extend(finder.describe(&found.paths)?.into_iter().map(|path| (other, path.line)));
        }
    }
    Ok(lines)
}

/// The artist's collaborators, and theirs.
fn network(finder: &mut PathFinder, artist: i64) -> Result<Vec<Colleague>> {
    let Some(centre) = finder.artist_if_known(artist)? else { return Ok(Vec::new()) };
    let network = finder.collaborators(&centre, NETWORK)?;
    Ok(network
        .into_iter()
        .map(|(colleague, weight, others)| Colleague {
            artist_id: colleague.key.parse().ok(),
            name: colleague.label(),
            // The weight of collab_with is c/(c+1) with c common tracks.
            common_tracks: (f64::from(weight) / (1.0 - f64::from(weight))).round() as i64,
            works_with: others.iter().map(Node::label).collect(),
        })
        .collect())
}

fn summary(track_id: i64, sources: &Sources) -> Result<Summary> {
    let mut summary = Summary { track_id, ..Summary::default() };
    spi::select(include_str!("../sql/queries/unveil_track.sql"), sources, &[Arg::Big(track_id)], |row| {
        let text = |column| row.text(column).map(std::borrow::Cow::into_owned);
        summary = Summary {
            track_id,
            title: text(0),
            artist_id: row.int(1),
            artist: text(2),
            genre: text(3),
            tags: row.texts(4).unwrap_or_default(),
            label: text(5),
            released_on: text(6),
            duration_ms: row.int(7),
            permalink_url: text(8),
            engagement: Engagement {
                playback_count: row.int(9),
                likes_count: row.int(10),
                reposts_count: row.int(11),
                comment_count: row.int(12),
                playlists: row.int(13).unwrap_or(0),
                likes: row.int(14).unwrap_or(0),
                popularity: row.float(15),
            },
        };
        Ok(())
    })?;
    Ok(summary)
}

fn playlists(track_id: i64, sources: &Sources) -> Result<Playlists> {
    let mut playlists = Playlists::default();
    let args = [Arg::Big(track_id), Arg::Int(SECTION)];
    spi::select(include_str!("../sql/queries/unveil_playlists.sql"), sources, &args, |row| {
        playlists.total = row.int(3).unwrap_or(0);
        playlists.top.push(Playlist {
            playlist_id: row.int(0).unwrap_or(0),
            title: row.text(1).map(std::borrow::Cow::into_owned),
            tracks: row.int(2).unwrap_or(0),
        });
        Ok(())
    })?;
    Ok(playlists)
}

impl Report {
    /// The report for people.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = self.write(&mut text);
        text.truncate(text.trim_end().len());
        text
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        let track = &self.track;
        let heading = name(&track.title, &track.artist, "track", track.track_id);
        writeln!(out, "{heading}\n{}", "=".repeat(heading.chars().count().min(100)))?;
        let engagement = &track.engagement;
        let mut facts = Vec::new();
        facts.extend(track.genre.as_ref().map(|genre| format!("genre {}", line(genre))));
        facts.extend(track.label.as_ref().map(|label| format!("label {}", line(label))));
        facts.extend(track.released_on.as_ref().map(|day| format!("released {day}")));
        facts.extend(track.duration_ms.map(|ms| format!("{}:{:02} min", ms / 60_000, ms / 1_000 % 60)));
        if !facts.is_empty() {
            writeln!(out, "{}", facts.join(" · "))?;
        }
        if !track.tags.is_empty() {
            writeln!(out, "tags: {}", track.tags.iter().map(|tag| line(tag)).collect::<Vec<_>>().join(", "))?;
        }
        let at_source = [
            (engagement.playback_count, "play"),
            (engagement.likes_count, "like"),
            (engagement.reposts_count, "repost"),
            (engagement.comment_count, "comment"),
        ];
        let counts: Vec<String> = at_source
            .iter()
            .map(|(count, what)| count.map_or_else(|| format!("{what}s unknown"), |n| plural(n, what)))
            .collect();
        writeln!(out, "at its source: {}", counts.join(", "))?;
        writeln!(
            out,
            "here: in {}, liked by {}{}",
            plural(engagement.playlists, "counted playlist"),
            plural(engagement.likes, "user"),
            engagement.popularity.map_or(String::new(), |p| format!(", popularity {p:.2} of 1"))
        )?;

        writeln!(out, "\nPlaylists that contain it ({} in all)", self.playlists.total)?;
        section(out, &self.playlists.top, |playlist| {
            let title = name(&playlist.title, &None, "playlist", playlist.playlist_id);
            format!("{title} ({})", plural(playlist.tracks, "track"))
        })?;
        writeln!(out, "\nRelated by playlists")?;
        section(out, &self.related, |row| {
            let times = if row.together == 1 { "once".to_owned() } else { format!("{} times", row.together) };
            let mut text =
                format!("{}: appeared together {times}", name(&row.title, &row.artist, "track", row.track_id));
            if let Some(path) = &row.path {
                text.push_str("\n    ");
                text.push_str(path);
            }
            text
        })?;
        writeln!(out, "\nRelated by tags")?;
        section(out, &self.similar_tags, |row| {
            format!(
                "{}: {:.0}% tag overlap ({})",
                name(&row.title, &row.artist, "track", row.track_id),
                row.overlap_percent,
                row.shared_tags.iter().map(|tag| line(tag)).collect::<Vec<_>>().join(", ")
            )
        })?;
        writeln!(out, "\nArtist connections")?;
        section(out, &self.artist_connections, |row| {
            format!(
                "{}: {}, {}, {}",
                name(&row.name, &None, "artist", row.artist_id),
                plural(row.shared_playlists, "shared playlist"),
                plural(row.shared_fans, "shared fan"),
                plural(row.collaborations, "collaboration")
            )
        })?;
        writeln!(out, "\nArtist network")?;
        let Some(network) = &self.artist_network else {
            return writeln!(out, "  the graph has not been built yet: sgr_build_kg() does it");
        };
        section(out, network, |row| {
            let mut text = format!("{}: {}", row.name, plural(row.common_tracks, "common track"));
            if !row.works_with.is_empty() {
                text.push_str(&format!("; also worked with {}", row.works_with.join(", ")));
            }
            text
        })
    }
}

fn section<T>(out: &mut String, rows: &[T], show: impl Fn(&T) -> String) -> std::fmt::Result {
    if rows.is_empty() {
        return writeln!(out, "  nothing known");
    }
    for row in rows {
        writeln!(out, "  {}", show(row))?;
    }
    Ok(())
}

/// "Title by Artist", as far as known, always in one line.
fn name(title: &Option<String>, artist: &Option<String>, what: &str, id: i64) -> String {
    let title = title.as_ref().map_or_else(|| format!("{what} {id}"), |title| line(title));
    match artist {
        Some(artist) => format!("{title} by {}", line(artist)),
        None => title,
    }
}
