//! "What goes with this?": related tracks, artists and users, and tracks with like tags.

use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::recommend::{is_known, overlay_drift, size, unknown_track};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::cooccurrence::Measure;
use sgr_engine::recommend::{
    Listener, SimilarUser, TagList, UserFeatures, idf, most_similar_by_tags, most_similar_users,
};
use std::collections::HashMap;

/// A neighbour in a co-occurrence list, with every measure.
#[derive(Clone)]
pub struct Neighbour {
    pub item_id: i64,
    pub together: i64,
    pub cosine: f64,
    pub jaccard: f64,
    pub lift: f64,
    /// The measure that was asked for.
    pub score: f64,
}

/// The list of one item.
pub struct List {
    /// Best first.
    pub rows: Vec<Neighbour>,
    /// Whether any source is mapped: the same query tells, and most often saves reading the map.
    pub mapped: bool,
}

/// The list of one item, best first by `measure`.
///
/// `None` if the item has no row. Errors: 55000 if this kind was never refreshed, or the weighted cosine was not kept.
pub fn neighbours(kind: Kind, item_id: i64, measure: Measure) -> Result<Option<List>> {
    let mut list = None;
    let mut weighted_missing = false;
    let mut drifted = false;
    let mut mapped = false;
    let mut columns: (Vec<i64>, Vec<i32>, Vec<i32>, Option<Vec<f32>>) = Default::default();
    let (mut baskets, mut total) = (0, 0);
    let args = [Arg::Int(kind.id().into()), Arg::Big(item_id)];
    spi::select(include_str!("../sql/queries/neighbours.sql"), &Sources::NONE, &args, |row| {
        list = Some(());
        baskets = row.int(0).unwrap_or(0);
        columns.0 = row.ids(1);
        columns.1 = row.counts(3);
        columns.2 = row.counts(5);
        columns.3 = row.floats(7).map(<[f32]>::to_vec);
        total = row.int(8).unwrap_or(0);
        drifted = row.int(9).unwrap_or(0) > 0;
        mapped = row.bool(10) == Some(true);
        weighted_missing = measure == Measure::WeightedCosine && columns.3.is_none();
        Ok(())
    })?;
    if weighted_missing {
        return Err(Error::not_ready("the weighted cosine was not kept by the last refresh")
            .hint("sgr_cooccur_refresh(rank_by => 'weighted_cosine') keeps it"));
    }
    if list.is_none() {
        refreshed(kind)?;
        return Ok(None);
    }
    let (ids, together, mut theirs, weighted) = columns;
    if drifted {
        overlay_drift(kind.id().into(), &ids, &mut theirs)?;
    }
    let count = |n: i64| u32::try_from(n).unwrap_or(0);
    let mut rows: Vec<Neighbour> = (0..ids.len())
        .map(|i| {
            let (t, a, b) = (count(together[i].into()), count(baskets), count(theirs[i].into()));
            let score = |measure: Measure| measure.score(t, a, b, total as u64);
            Neighbour {
                item_id: ids[i],
                together: together[i].into(),
                cosine: score(Measure::Cosine),
                jaccard: score(Measure::Jaccard),
                lift: score(Measure::Lift),
                score: match (measure, &weighted) {
                    (Measure::WeightedCosine, Some(weighted)) => f64::from(weighted[i]),
                    _ => score(measure),
                },
            }
        })
        .collect();
    rows.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.together.cmp(&a.together)).then(a.item_id.cmp(&b.item_id)));
    Ok(Some(List { rows, mapped }))
}

/// 55000 unless this kind was refreshed at least once.
fn refreshed(kind: Kind) -> Result<()> {
    let mut known = false;
    spi::select(
        "SELECT FROM sgr.cooccurrence_state AS s WHERE s.kind = $1",
        &Sources::NONE,
        &[Arg::Int(kind.id().into())],
        |_| {
            known = true;
            Ok(())
        },
    )?;
    if known {
        Ok(())
    } else {
        Err(Error::not_ready(format!("{}s by {}s have not been counted yet", kind.item(), kind.basket()))
            .hint("call sgr_cooccur_refresh() first"))
    }
}

/// A name that goes with an id: a title and the artist, or an artist's name.
pub type Named = (Option<String>, Option<String>);

/// Titles and artists' names of tracks.
pub fn track_names(ids: &[i64], sources: &Sources) -> Result<HashMap<i64, Named>> {
    named(include_str!("../sql/queries/track_names.sql"), ids, sources)
}

fn named(sql: &'static str, ids: &[i64], sources: &Sources) -> Result<HashMap<i64, Named>> {
    let mut names = HashMap::with_capacity(ids.len());
    spi::select(sql, sources, &[Arg::Bigs(ids)], |row| {
        if let Some(id) = row.int(0) {
            let text = |column| row.text(column).map(std::borrow::Cow::into_owned);
            names.insert(id, (text(1), text(2)));
        }
        Ok(())
    })?;
    Ok(names)
}

/// What `sgr_related` returns: neighbours with their names.
pub fn related_tracks(
    track: i64,
    k: i32,
    basket: &str,
    measure: Measure,
    exclude_same_artist: bool,
    min_together: i32,
) -> Result<Vec<(Neighbour, Named)>> {
    let k = size(k)?;
    if min_together < 1 {
        return Err(Error::invalid(format!("min_together must be at least 1, not {min_together}")));
    }
    let kind = if Kind::matching(Some(basket), Some("track"))?.contains(&Kind::TracksByLikes) {
        Kind::TracksByLikes
    } else {
        Kind::TracksByPlaylists
    };
    let Some(List { mut rows, mapped }) = neighbours(kind, track, measure)? else {
        let sources = Sources::load()?;
        return if is_known(track, &sources)? { Ok(Vec::new()) } else { Err(unknown_track(track)) };
    };
    let sources = if mapped { Sources::load()? } else { Sources::NONE };
    rows.retain(|row| row.together >= i64::from(min_together));
    if exclude_same_artist {
        let mut ids: Vec<i64> = rows.iter().map(|row| row.item_id).collect();
        ids.push(track);
        let mut same = Vec::new();
        let args = [Arg::Bigs(&ids), Arg::Big(track)];
        spi::select(include_str!("../sql/queries/tracks_same_artist.sql"), &sources, &args, |row| {
            same.extend(row.int(0));
            Ok(())
        })?;
        rows.retain(|row| !same.contains(&row.item_id));
    }
    rows.truncate(k);
    let ids: Vec<i64> = rows.iter().map(|row| row.item_id).collect();
    let mut names = track_names(&ids, &sources)?;
    Ok(rows.into_iter().map(|row| (row.clone(), names.remove(&row.item_id).unwrap_or_default())).collect())
}

/// A row of `sgr_similar_tags`.
pub struct TagRow {
    pub track_id: i64,
    pub named: Named,
    pub similarity: f64,
    /// Shared tags over the tags of either, in percent.
    pub overlap_percent: f64,
    /// Names of the shared tags, rarest first.
    pub shared: Vec<String>,
}

/// Tracks with the most similar tags. Errors: 42704 unknown track.
pub fn similar_tags(track: i64, k: i32) -> Result<Vec<TagRow>> {
    let k = size(k)?;
    let sources = Sources::load()?;
    let mut seed: Option<(Vec<i32>, f64)> = None;
    let sql = include_str!("../sql/queries/features_by_id.sql");
    spi::select(sql, &Sources::NONE, &[Arg::Bigs(&[track])], |row| {
        seed = Some((row.ints(3).unwrap_or_default().to_vec(), row.float(4).unwrap_or(0.0)));
        Ok(())
    })?;
    let Some((tag_ids, norm)) = seed else {
        return if is_known(track, &sources)? { Ok(Vec::new()) } else { Err(unknown_track(track)) };
    };
    struct Listed {
        tag_id: i32,
        tag: String,
        idf: f64,
        track_ids: Vec<i64>,
        track_norms: Vec<f64>,
    }
    let mut lists: Vec<Listed> = Vec::new();
    let sql = include_str!("../sql/queries/tag_lists.sql");
    spi::select(sql, &Sources::NONE, &[Arg::Ints(&tag_ids)], |row| {
        lists.push(Listed {
            tag_id: row.int(0).unwrap_or(0) as i32,
            tag: row.text(1).unwrap_or_default().into_owned(),
            idf: row.float(2).unwrap_or(0.0),
            track_ids: row.bigints(3).unwrap_or_default().to_vec(),
            track_norms: row.doubles(4).unwrap_or_default().to_vec(),
        });
        Ok(())
    })?;
    lists.sort_by(|a, b| b.idf.total_cmp(&a.idf));
    let columns: Vec<TagList> = lists
        .iter()
        .map(|list| TagList { idf: list.idf, track_ids: &list.track_ids, track_norms: &list.track_norms })
        .collect();
    let found = most_similar_by_tags(&columns, norm, track, k);
    let ids: Vec<i64> = found.iter().map(|row| row.track_id).collect();
    let mut tags_of: HashMap<i64, Vec<i32>> = HashMap::with_capacity(ids.len());
    let sql = include_str!("../sql/queries/features_by_id.sql");
    spi::select(sql, &Sources::NONE, &[Arg::Bigs(&ids)], |row| {
        tags_of.insert(row.int(0).unwrap_or(0), row.ints(3).unwrap_or_default().to_vec());
        Ok(())
    })?;
    let mut names = track_names(&ids, &sources)?;
    Ok(found
        .into_iter()
        .map(|row| {
            let theirs = tags_of.remove(&row.track_id).unwrap_or_default();
            let either = tag_ids.len() + theirs.len() - (row.shared as usize).min(theirs.len());
            TagRow {
                track_id: row.track_id,
                named: names.remove(&row.track_id).unwrap_or_default(),
                similarity: row.similarity,
                overlap_percent: 100.0 * f64::from(row.shared) / either.max(1) as f64,
                shared: lists
                    .iter()
                    .filter(|list| theirs.contains(&list.tag_id))
                    .map(|list| list.tag.clone())
                    .collect(),
            }
        })
        .collect())
}

/// A row of `sgr_related_artists`.
#[derive(Default)]
pub struct ArtistRow {
    pub artist_id: i64,
    pub name: Option<String>,
    pub score: f64,
    pub shared_playlists: i64,
    pub shared_fans: i64,
    pub collaborations: i64,
}

/// Weights of the three parts of an artist's score; they sum to 1.
const ARTIST_BY_PLAYLISTS: f64 = 0.5;
const ARTIST_BY_FANS: f64 = 0.3;
const ARTIST_BY_COLLABORATIONS: f64 = 0.2;

/// Artists met in the same playlists, liked by the same users, or credited on the same tracks.
///
/// score = 0.5 · cosine by playlists + 0.3 · cosine by fans + 0.2 · c/(c+1) with c collaborations.
pub fn related_artists(artist: i64, k: i32) -> Result<Vec<ArtistRow>> {
    let k = size(k)?;
    let sources = Sources::load()?;
    let mut rows: HashMap<i64, ArtistRow> = HashMap::new();
    let mut known = false;
    let parts = [(Kind::ArtistsByPlaylists, ARTIST_BY_PLAYLISTS), (Kind::ArtistsByLikes, ARTIST_BY_FANS)];
    for (kind, weight) in parts {
        let Some(found) = neighbours(kind, artist, Measure::Cosine)? else { continue };
        known = true;
        for neighbour in found.rows {
            let row = rows.entry(neighbour.item_id).or_default();
            row.score += weight * neighbour.cosine;
            if kind == Kind::ArtistsByPlaylists {
                row.shared_playlists = neighbour.together;
            } else {
                row.shared_fans = neighbour.together;
            }
        }
    }
    let sql = include_str!("../sql/queries/collaborations.sql");
    spi::select(sql, &sources, &[Arg::Big(artist)], |row| {
        known = true;
        if let (Some(other), Some(tracks)) = (row.int(0), row.int(1)) {
            let row = rows.entry(other).or_default();
            row.collaborations = tracks;
            row.score += ARTIST_BY_COLLABORATIONS * tracks as f64 / (tracks + 1) as f64;
        }
        Ok(())
    })?;
    if !known && named(include_str!("../sql/queries/artist_names.sql"), &[artist], &sources)?.is_empty() {
        return Err(Error::unknown(format!("no artist {artist}"))
            .hint("SELECT artist_id, name FROM sgr.source_artists lists them"));
    }
    let mut rows: Vec<ArtistRow> = rows.into_iter().map(|(artist_id, row)| ArtistRow { artist_id, ..row }).collect();
    rows.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.artist_id.cmp(&b.artist_id)));
    rows.truncate(k);
    let ids: Vec<i64> = rows.iter().map(|row| row.artist_id).collect();
    let names = named(include_str!("../sql/queries/artist_names.sql"), &ids, &sources)?;
    for row in &mut rows {
        row.name = names.get(&row.artist_id).and_then(|(name, _)| name.clone());
    }
    Ok(rows)
}

/// Users who like the same tracks, with their names. Errors: 42704 for a user without likes.
pub fn similar_users(user: i64, k: i32) -> Result<Vec<(SimilarUser, Option<String>)>> {
    let k = size(k)?;
    let sources = Sources::load()?;
    let mut liked: HashMap<i64, f64> = HashMap::new();
    let mut users = 0;
    let sql = include_str!("../sql/queries/users_counted.sql");
    spi::select(sql, &Sources::NONE, &[], |row| {
        users = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    let sql = include_str!("../sql/queries/user_likes.sql");
    spi::select(sql, &sources, &[Arg::Big(user)], |row| {
        if let Some(track) = row.int(0) {
            let likes = usize::try_from(row.int(1).unwrap_or(0)).unwrap_or(0);
            liked.insert(track, idf(usize::try_from(users).unwrap_or(0), likes));
        }
        Ok(())
    })?;
    if liked.is_empty() {
        return Err(Error::unknown(format!("no user {user} with likes"))
            .detail("interactions hold no like of that user")
            .hint("likes are rows of kind 'like' in sgr.interactions, or in the relation set by sgr_source_set"));
    }
    let norm = liked.values().map(|idf| idf * idf).sum::<f64>().sqrt();
    let mut tracks: Vec<i64> = liked.keys().copied().collect();
    tracks.sort_unstable();
    let mut met: Vec<(i64, i64)> = Vec::new();
    let sql = include_str!("../sql/queries/listeners.sql");
    spi::select(sql, &sources, &[Arg::Bigs(&tracks)], |row| {
        if let (Some(user_id), Some(track)) = (row.int(0), row.int(1))
            && user_id != user
        {
            met.push((user_id, track));
        }
        Ok(())
    })?;
    // A relation of the user's own may hold a like twice.
    met.sort_unstable();
    met.dedup();
    let listeners: Vec<Listener> = met
        .iter()
        .map(|(user_id, track)| Listener { user_id: *user_id, idf: liked.get(track).copied().unwrap_or(0.0) })
        .collect();
    let mut others: Vec<i64> = listeners.iter().map(|listener| listener.user_id).collect();
    others.sort_unstable();
    others.dedup();
    let mut features: HashMap<i64, UserFeatures> = HashMap::with_capacity(others.len());
    let sql = include_str!("../sql/queries/user_features.sql");
    spi::select(sql, &Sources::NONE, &[Arg::Bigs(&others)], |row| {
        if let (Some(user_id), Some(likes), Some(norm)) = (row.int(0), row.int(1), row.float(2)) {
            features.insert(user_id, UserFeatures { likes: likes as u32, norm });
        }
        Ok(())
    })?;
    let seed = UserFeatures { likes: liked.len() as u32, norm };
    let found = most_similar_users(seed, &listeners, |user| features.get(&user).copied(), k);
    let ids: Vec<i64> = found.iter().map(|row| row.user_id).collect();
    let mut names = named(include_str!("../sql/queries/user_names.sql"), &ids, &sources)?;
    Ok(found.into_iter().map(|row| (row, names.remove(&row.user_id).and_then(|(name, _)| name))).collect())
}
