//! Catalogues made of real data.

use crate::data::Csv;
use crate::database::{array_field, copy, field};
use postgres::Client;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Numbers for names, in the order of their first appearance, from 1.
#[derive(Default)]
struct Numbers<T: Ord>(BTreeMap<T, i64>);

impl<T: Ord> Numbers<T> {
    fn of(&mut self, name: T) -> i64 {
        let next = self.0.len() as i64 + 1;
        *self.0.entry(name).or_insert(next)
    }
}

/// Classic rock radio: a playlist is an hour of a station, a play is a like by the station.
///
/// Returns (entries, likes).
pub fn load_classic_rock(client: &mut Client, folder: &Path) -> (u64, u64) {
    let songs = Csv::read(&folder.join("songs.csv"));
    let plays = Csv::read(&folder.join("plays.csv"));
    let mut tracks = Numbers::<(String, String)>::default();
    let mut artists = Numbers::<String>::default();
    let song = |csv: &Csv, row| (csv.get(row, "song").to_owned(), csv.get(row, "artist").to_owned());
    let mut decades: BTreeMap<i64, String> = BTreeMap::new();
    for row in &songs.rows {
        let track = tracks.of(song(&songs, row));
        if let Ok(year) = songs.get(row, "release_year").parse::<i32>() {
            decades.insert(track, format!("{}s", year / 10 * 10));
        }
    }
    let mut playlists = Numbers::<(String, i64)>::default();
    let mut stations = Numbers::<String>::default();
    let mut entries = Vec::new();
    let mut likes: BTreeMap<(i64, i64), u32> = BTreeMap::new();
    let mut owners: BTreeMap<i64, (i64, String)> = BTreeMap::new();
    for row in &plays.rows {
        let station = plays.get(row, "callsign").to_owned();
        let hour = plays.get(row, "epoch").parse::<i64>().unwrap_or_else(|_| panic!("no time in {row:?}")) / 3600;
        let user = stations.of(station.clone());
        let playlist = playlists.of((station.clone(), hour));
        owners.insert(playlist, (user, format!("{station} {hour}")));
        let track = tracks.of(song(&plays, row));
        entries.push((playlist, track, hour * 3600));
        *likes.entry((user, track)).or_default() += 1;
    }
    let titles: Vec<(i64, String, i64)> =
        tracks.0.iter().map(|((title, artist), &track)| (track, title.clone(), artists.of(artist.clone()))).collect();
    copy(client, "sgr.artists (artist_id, name)", artists.0.iter().map(|(name, id)| vec![field(id), field(name)]));
    copy(client, "sgr.users (user_id, name)", stations.0.iter().map(|(name, id)| vec![field(id), field(name)]));
    copy(
        client,
        "sgr.tracks (track_id, title, artist_id, tags)",
        titles.iter().map(|(track, title, artist)| {
            let tags: Vec<&String> = decades.get(track).into_iter().collect();
            vec![field(track), field(title), field(artist), array_field(&tags)]
        }),
    );
    copy(
        client,
        "sgr.playlists (playlist_id, owner_id, title)",
        owners.iter().map(|(playlist, (user, title))| vec![field(playlist), field(user), field(title)]),
    );
    let entries = copy(
        client,
        "sgr.playlist_tracks (playlist_id, track_id, position)",
        (1..)
            .zip(&entries)
            .map(|(position, (playlist, track, _))| vec![field(playlist), field(track), field(position)]),
    );
    let likes = copy(
        client,
        "sgr.interactions (user_id, track_id, kind, weight)",
        likes.iter().map(|((user, track), plays)| vec![field(user), field(track), field("like"), field(plays)]),
    );
    (entries, likes)
}

/// Netlabel music: a playlist is a release, its styles are tags. There are no users.
///
/// Returns (releases, entries).
pub fn load_freemusi_cc(client: &mut Client, folder: &Path) -> (u64, u64) {
    let releases = Csv::read(&folder.join("releases.csv"));
    let tracks = Csv::read(&folder.join("tracks.csv"));
    let mut playlists = Numbers::<String>::default();
    let mut artists = Numbers::<String>::default();
    let mut styles: BTreeMap<i64, (String, BTreeSet<String>)> = BTreeMap::new();
    let mut rows = Vec::new();
    for row in &releases.rows {
        let playlist = playlists.of(releases.get(row, "id").to_owned());
        let tags = releases.get(row, "style").split(',').map(|style| style.trim().to_owned());
        let tags = tags.filter(|style| !style.is_empty()).collect();
        styles.insert(playlist, (releases.get(row, "genre").to_owned(), tags));
        rows.push(vec![field(playlist), field(releases.get(row, "album")), field(true)]);
    }
    let releases = copy(client, "sgr.playlists (playlist_id, title, is_album)", rows);
    // A track on several releases is one track: the same artist, title and length.
    let mut numbers = Numbers::<(String, String, String)>::default();
    let mut known = BTreeMap::new();
    let mut entries = Vec::new();
    for (position, row) in (1..).zip(&tracks.rows) {
        let get = |column| tracks.get(row, column).to_owned();
        let playlist = playlists.of(get("id"));
        let track = numbers.of((get("trackartist"), get("title"), get("duration")));
        let artist = artists.of(get("trackartist"));
        entries.push(vec![field(playlist), field(track), field(position)]);
        known.entry(track).or_insert_with(|| {
            let (genre, tags) = styles.get(&playlist).cloned().unwrap_or_default();
            let tags: Vec<String> = tags.into_iter().collect();
            vec![field(track), field(get("title")), field(artist), field(genre), array_field(&tags)]
        });
    }
    copy(client, "sgr.artists (artist_id, name)", artists.0.iter().map(|(name, id)| vec![field(id), field(name)]));
    copy(client, "sgr.tracks (track_id, title, artist_id, genre, tags)", known.into_values());
    (releases, copy(client, "sgr.playlist_tracks (playlist_id, track_id, position)", entries))
}
