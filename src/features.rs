//! `sgr.track_features` and `sgr.tag_index`: what the signals read of each track.

use crate::bulk_write::{TableWriter, Value};
use crate::error::{Result, memory_limit};
use crate::interrupt::{Output, pipeline};
use crate::kind::Kind;
use crate::load::{self, Part};
use crate::refresh::{Outcome, note_run};
use crate::run::milliseconds;
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use serde_json::json;
use sgr_engine::recommend::{
    TOP_TRACKS_PER_TAG, TagDictionary, TrackFeatures, TrackInput, build_features, build_user_features, features_of, idf,
};
use std::collections::HashMap;
use std::time::Instant;

/// Whether the features were ever written.
pub fn exist() -> Result<bool> {
    Ok(state()?.is_some())
}

/// What the tracks of the present features were read from, and whether counts changed since without them.
fn state() -> Result<Option<(String, bool)>> {
    let mut state = None;
    spi::select_fresh(include_str!("../sql/queries/feature_version.sql"), &Sources::NONE, &[], |row| {
        state = Some((row.text(1).unwrap_or_default().into_owned(), row.bool(2).unwrap_or(false)));
        Ok(())
    })?;
    Ok(state)
}

/// Whether the features no longer fit: never written, counts changed since, other source, or tracks without a row.
pub fn outdated(sources: &Sources) -> Result<bool> {
    match state()? {
        Some((source, false)) if source == sources.expand("{tracks}") => {}
        _ => return Ok(true),
    }
    let mut without = false;
    spi::select_fresh(include_str!("../sql/queries/tracks_without_features_any.sql"), sources, &[], |_| {
        without = true;
        Ok(())
    })?;
    Ok(without)
}

/// Notes that counts changed and the features did not follow.
pub fn fall_behind() -> Result<()> {
    spi::execute("UPDATE sgr.feature_state SET behind = true WHERE NOT behind", &Sources::NONE, &[])?;
    Ok(())
}

fn new_version(sources: &Sources, complete: bool) -> Result<()> {
    let args = [Arg::Text(&sources.expand("{tracks}")), Arg::Bool(complete)];
    spi::execute(include_str!("../sql/queries/feature_version_new.sql"), &Sources::NONE, &args)?;
    Ok(())
}

/// Writes both tables anew: every track of the catalogue, and every track that is only known from baskets.
pub fn rebuild(sources: &Sources) -> Result<Outcome> {
    let started = Instant::now();
    let mut tracks = Vec::new();
    let mut entries = 0;
    let mut memory_bytes = 0;
    let limit = settings::memory_limit();
    spi::select_fresh(include_str!("../sql/queries/features_all.sql"), sources, &[], |row| {
        let track = input(row);
        entries += track.tags.len() as u64;
        memory_bytes += input_bytes(&track);
        if memory_bytes > limit {
            let less = "leave the tracks out that no playlist and no like mentions";
            return Err(memory_limit(memory_bytes, limit, "the features of the tracks", less));
        }
        tracks.push(track);
        Ok(())
    })?;
    // A relation of the user's own may name a track twice.
    tracks.sort_by_key(|track| track.track_id);
    tracks.dedup_by_key(|track| track.track_id);
    let (features, tags) =
        pipeline(|output: &Output<()>| Ok(build_features(&tracks, output.cancelled())?), |_| Ok(()))?;
    drop(tracks);
    spi::execute("DELETE FROM sgr.track_features", &Sources::NONE, &[])?;
    spi::execute("DELETE FROM sgr.tag_index", &Sources::NONE, &[])?;
    write(&features)?;
    let mut table = TableWriter::open(c"tag_index")?;
    for tag in &tags {
        let top = &tag.track_ids[..tag.track_ids.len().min(TOP_TRACKS_PER_TAG)];
        table.push(&[
            Value::Int(tag.tag_id),
            Value::Text(&tag.tag),
            Value::Int(i32::try_from(tag.track_ids.len()).unwrap_or(i32::MAX)),
            Value::Double(tag.idf),
            Value::Bigs(top),
            Value::Bigs(&tag.track_ids),
            Value::Doubles(&tag.track_norms),
        ]);
    }
    table.finish();
    rebuild_users(&features, sources)?;
    new_version(sources, true)?;
    let mut outcome = Outcome {
        basket: "tag",
        item: "track",
        mode: "full",
        entries,
        baskets: tags.len() as u64,
        rows: features.len() as u64,
        memory_bytes: memory_bytes as u64,
        elapsed_ms: milliseconds(started),
        ..Outcome::default()
    };
    let parameters = json!({ "basket": "tag", "item": "track", "source": sources.expand("{tracks}") });
    outcome.run_id = note_run("cooccur_refresh", &parameters, &outcome)?;
    Ok(outcome)
}

/// What a track takes while the features are built: its strings and its rows of the result.
fn input_bytes(track: &TrackInput) -> usize {
    let strings: usize = track.tags.iter().chain(&track.genre).map(|text| text.len() + size_of::<String>()).sum();
    let row = size_of::<TrackInput>() + size_of::<TrackFeatures>();
    let per_tag = size_of::<i32>() + size_of::<i64>() + size_of::<f64>();
    strings + row + per_tag * (track.tags.len() + 1)
}

fn rebuild_users(tracks: &[TrackFeatures], sources: &Sources) -> Result<()> {
    // The same counts as sgr_similar_users has for the user asked about.
    let mut users = 0;
    spi::select_fresh(include_str!("../sql/queries/users_counted.sql"), &Sources::NONE, &[], |row| {
        users = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    let users = usize::try_from(users).unwrap_or(0);
    let idf_of: HashMap<i64, f64> =
        tracks.iter().map(|track| (track.track_id, idf(users, track.likes as usize))).collect();
    let likes = load::entries(Kind::TracksByLikes, sources, Part::All, settings::memory_limit())?;
    let users = pipeline(
        |output: &Output<()>| {
            let idf_of = |track: i64| idf_of.get(&track).copied().unwrap_or_else(|| idf(users, 0));
            Ok(build_user_features(&likes.basket_ids, &likes.item_ids, idf_of, output.cancelled())?)
        },
        |_| Ok(()),
    )?;
    spi::execute("DELETE FROM sgr.user_features", &Sources::NONE, &[])?;
    let mut table = TableWriter::open(c"user_features")?;
    for (user_id, user) in users {
        let likes = i32::try_from(user.likes).unwrap_or(i32::MAX);
        table.push(&[Value::Big(user_id), Value::Int(likes), Value::Double(user.norm)]);
    }
    table.finish();
    Ok(())
}

/// Writes the rows of some tracks anew, after an incremental refresh. Tags that are new since the last
/// [`rebuild`] wait for the next.
pub fn update(track_ids: &[i64], sources: &Sources) -> Result<()> {
    if track_ids.is_empty() || !exist()? {
        return Ok(());
    }
    let mut tracks = Vec::new();
    spi::select_fresh(include_str!("../sql/queries/features_some.sql"), sources, &[Arg::Bigs(track_ids)], |row| {
        tracks.push(input(row));
        Ok(())
    })?;
    tracks.sort_by_key(|track| track.track_id);
    tracks.dedup_by_key(|track| track.track_id);
    let features = of_tracks(&tracks, true)?;
    let delete = "DELETE FROM sgr.track_features WHERE track_id = ANY ($1)";
    spi::execute(delete, &Sources::NONE, &[Arg::Bigs(track_ids)])?;
    write(&features)?;
    new_version(sources, false)
}

/// The features of tracks that the table may not have yet, read from the catalogue.
pub fn from_catalogue(track_ids: &[i64], sources: &Sources) -> Result<Vec<TrackFeatures>> {
    let mut tracks = Vec::new();
    spi::select(include_str!("../sql/queries/features_some.sql"), sources, &[Arg::Bigs(track_ids)], |row| {
        tracks.push(input(row));
        Ok(())
    })?;
    tracks.sort_by_key(|track| track.track_id);
    tracks.dedup_by_key(|track| track.track_id);
    of_tracks(&tracks, false)
}

fn of_tracks(tracks: &[TrackInput], fresh: bool) -> Result<Vec<TrackFeatures>> {
    let mut most = 0;
    let mut dictionary = TagDictionary::default();
    spi::select_as(fresh, include_str!("../sql/queries/features_most.sql"), &Sources::NONE, &[], |row| {
        most = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    let mut names: Vec<Option<String>> = tracks
        .iter()
        .flat_map(|track| track.tags.iter().chain(&track.genre))
        .map(|tag| sgr_engine::recommend::fold_tag(tag))
        .collect();
    names.sort_unstable();
    names.dedup();
    let by_name = "SELECT t.tag, t.tag_id, t.idf FROM sgr.tag_index AS t WHERE t.tag = ANY ($1)";
    spi::select_as(fresh, by_name, &Sources::NONE, &[Arg::Texts(&names)], |row| {
        if let (Some(tag), Some(tag_id), Some(idf)) = (row.text(0), row.int(1), row.float(2)) {
            dictionary.insert(tag.into_owned(), tag_id as i32, idf);
        }
        Ok(())
    })?;
    Ok(tracks.iter().map(|track| features_of(track, &dictionary, u64::try_from(most).unwrap_or(0))).collect())
}

fn input(row: &Row) -> TrackInput {
    let count = |column| row.int(column).and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    TrackInput {
        track_id: row.int(0).unwrap_or_default(),
        artist_id: row.int(1),
        genre: row.text(2).map(std::borrow::Cow::into_owned),
        tags: row.texts(3).unwrap_or_default(),
        playlists: count(4),
        likes: count(5),
    }
}

fn write(features: &[TrackFeatures]) -> Result<()> {
    let int = |n: u32| Value::Int(i32::try_from(n).unwrap_or(i32::MAX));
    let mut table = TableWriter::open(c"track_features")?;
    for track in features {
        table.push(&[
            Value::Big(track.track_id),
            track.artist_id.map_or(Value::Null, Value::Big),
            track.genre_id.map_or(Value::Null, Value::Int),
            Value::Ints(&track.tag_ids),
            Value::Double(track.tag_norm),
            int(track.playlists),
            int(track.likes),
            Value::Real(track.popularity),
        ]);
    }
    table.finish();
    Ok(())
}
