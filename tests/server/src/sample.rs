//! Random small catalogues, parameters and edits, as proptest strategies that shrink.

use crate::truth::Parameters;
use postgres::Client;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Numbers in a sample stand for ids: the ends of bigint are among them.
const IDS: [i64; 28] = [
    i64::MIN,
    i64::MIN + 1,
    -1_000_000_007,
    -2,
    -1,
    0,
    1,
    2,
    3,
    5,
    8,
    13,
    21,
    34,
    55,
    240,
    241,
    2_147_483_647,
    2_147_483_648,
    -2_147_483_648,
    -2_147_483_649,
    4_294_967_295,
    4_294_967_296,
    9_007_199_254_740_993,
    1 << 60,
    (1 << 60) + 1,
    i64::MAX - 1,
    i64::MAX,
];
/// Whether a track of this number is missing from `sgr.tracks`, as external data may have it.
const UNKNOWN_TRACK: usize = 7;
/// Times of entries; the last is unknown.
const TIMES: [&str; 4] = ["'2020-01-01 00:00Z'", "'2024-02-29 12:00Z'", "'2025-06-01 00:00Z'", "NULL"];

/// The id that a number stands for.
pub fn id(number: usize) -> i64 {
    IDS[number % IDS.len()]
}

/// A small catalogue; all but `artists` and `owners` are lists of numbers.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Artist of each track by number, or none.
    pub artists: Vec<Option<usize>>,
    /// Owner of each playlist by number, or none.
    pub owners: Vec<Option<usize>>,
    /// Whether each playlist is public; of some there is no row that would say so.
    pub public: Vec<Option<bool>>,
    /// (playlist, track, time), in the order of their positions.
    pub entries: Vec<(usize, usize, usize)>,
    /// (user, track, kind, time): like, like, repost, play.
    pub interactions: Vec<(usize, usize, usize, usize)>,
}

/// Kinds of interactions; likes twice as often.
const KINDS: [&str; 4] = ["like", "like", "repost", "play"];

impl Sample {
    /// Catalogues of up to 28 tracks, 28 playlists and as many users.
    pub fn strategy() -> impl Strategy<Value = Sample> {
        let time = || 0..TIMES.len();
        (2..=IDS.len(), 2..=IDS.len()).prop_flat_map(move |(tracks, baskets)| {
            (
                vec(option::weighted(0.85, 0..6_usize), IDS.len()),
                vec(option::weighted(0.8, 0..4_usize), IDS.len()),
                vec(option::weighted(0.85, any::<bool>()), IDS.len()),
                vec((0..baskets, 0..tracks, time()), 0..400),
                vec((0..baskets, 0..tracks, 0..KINDS.len(), time()), 0..400),
            )
                .prop_map(|(artists, owners, public, entries, interactions)| Sample {
                    artists,
                    owners,
                    public,
                    entries,
                    interactions,
                })
        })
    }

    /// Replaces the catalogue.
    pub fn load(&self, client: &mut Client) {
        let mut sql =
            "TRUNCATE sgr.artists, sgr.tracks, sgr.playlists, sgr.playlist_tracks, sgr.interactions;".to_owned();
        let values = |table: &str, rows: Vec<String>| {
            if rows.is_empty() {
                String::new()
            } else {
                format!("INSERT INTO {table} VALUES {} ON CONFLICT DO NOTHING;", rows.join(","))
            }
        };
        let or_null = |number: &Option<usize>| number.map_or_else(|| "NULL".to_owned(), |n| id(n).to_string());
        let tracks = self.artists.iter().enumerate().filter(|(track, _)| *track != UNKNOWN_TRACK);
        sql += &values(
            "sgr.tracks (track_id, artist_id)",
            tracks.map(|(track, artist)| format!("({},{})", id(track), or_null(artist))).collect(),
        );
        let playlists = self.owners.iter().zip(&self.public).enumerate();
        sql += &values(
            "sgr.playlists (playlist_id, owner_id, is_public)",
            playlists
                .filter_map(|(playlist, (owner, public))| {
                    public.map(|public| format!("({},{},{public})", id(playlist), or_null(owner)))
                })
                .collect(),
        );
        sql += &values(
            "sgr.playlist_tracks (playlist_id, track_id, position, added_at)",
            self.entries
                .iter()
                .zip(1..)
                .map(|((playlist, track, time), position)| {
                    format!("({},{},{position},{}::timestamptz)", id(*playlist), id(*track), TIMES[*time])
                })
                .collect(),
        );
        sql += &values(
            "sgr.interactions (user_id, track_id, kind, occurred_at)",
            self.interactions
                .iter()
                .map(|(user, track, kind, time)| {
                    format!("({},{},'{}',{}::timestamptz)", id(*user), id(*track), KINDS[*kind], TIMES[*time])
                })
                .collect(),
        );
        client.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
}

/// A statement that changes baskets. Numbers choose among the rows that are there, if any.
#[derive(Clone, Debug)]
pub enum Edit {
    /// A track enters a playlist, as its last.
    Add(usize, usize),
    /// Several tracks enter one playlist in one statement.
    AddMany(usize, Vec<usize>),
    /// A row of a playlist becomes another track.
    Exchange(usize, usize),
    /// A row moves to another playlist.
    Move(usize, usize),
    /// A row leaves.
    Remove(usize),
    /// A track leaves all playlists.
    RemoveTrack(usize),
    /// A playlist loses all rows.
    Empty(usize),
    /// A row only gets another time.
    Touch(usize),
    /// A user likes a track.
    Like(usize, usize),
    /// An interaction goes.
    Unlike(usize),
    /// A track loses all interactions.
    Shun(usize),
    /// An interaction becomes a play, or a like.
    Turn(usize, bool),
    /// A user loses all interactions.
    Forget(usize),
    /// An interaction passes to another user.
    Inherit(usize, usize),
    /// A playlist becomes public, or private.
    Publish(usize, bool),
    /// A playlist's own row goes; its entries stay.
    Conceal(usize),
    /// A playlist's own row arrives, without owner.
    Announce(usize, bool),
    /// A playlist's own row passes to another playlist.
    Rename(usize, usize),
    /// Changes that are rolled back.
    Undone(usize),
}

impl Edit {
    /// One edit.
    pub fn strategy() -> impl Strategy<Value = Edit> {
        let n = || 0..IDS.len();
        let row = || 0..160_usize;
        prop_oneof![
            4 => (n(), n()).prop_map(|(p, t)| Edit::Add(p, t)),
            2 => (n(), vec(0..IDS.len(), 1..12)).prop_map(|(p, t)| Edit::AddMany(p, t)),
            2 => (row(), n()).prop_map(|(r, t)| Edit::Exchange(r, t)),
            1 => (row(), n()).prop_map(|(r, p)| Edit::Move(r, p)),
            3 => row().prop_map(Edit::Remove),
            2 => n().prop_map(Edit::RemoveTrack),
            1 => n().prop_map(Edit::Empty),
            1 => row().prop_map(Edit::Touch),
            5 => (n(), n()).prop_map(|(u, t)| Edit::Like(u, t)),
            3 => row().prop_map(Edit::Unlike),
            2 => (row(), any::<bool>()).prop_map(|(r, like)| Edit::Turn(r, like)),
            2 => n().prop_map(Edit::Shun),
            1 => n().prop_map(Edit::Forget),
            1 => (row(), n()).prop_map(|(r, u)| Edit::Inherit(r, u)),
            2 => (n(), any::<bool>()).prop_map(|(p, public)| Edit::Publish(p, public)),
            1 => n().prop_map(Edit::Undone),
        ]
    }

    /// One edit where only public playlists count; half of them change which are. (Where all count, a row that goes or
    /// arrives only changes the owner, which nobody notes.)
    pub fn strategy_of_publicity() -> impl Strategy<Value = Edit> {
        let n = || 0..IDS.len();
        prop_oneof![
            8 => Edit::strategy(),
            4 => (n(), any::<bool>()).prop_map(|(p, public)| Edit::Publish(p, public)),
            1 => n().prop_map(Edit::Conceal),
            2 => (n(), any::<bool>()).prop_map(|(p, public)| Edit::Announce(p, public)),
            1 => (n(), n()).prop_map(|(p, other)| Edit::Rename(p, other)),
        ]
    }

    /// As SQL.
    pub fn sql(&self) -> String {
        // The row of a number: its place in the order of the key, modulo the number of rows.
        let row = |table: &str, key: &str, number: usize| {
            format!(
                "ctid = (SELECT ctid FROM {table} ORDER BY {key}
                         OFFSET {number} % greatest((SELECT count(*) FROM {table}), 1) LIMIT 1)"
            )
        };
        let entry = |number| row("sgr.playlist_tracks", "playlist_id, position", number);
        let interaction = |number| row("sgr.interactions", "user_id, track_id, kind", number);
        let add = |playlist: usize, tracks: &[usize]| {
            let ids: Vec<String> = tracks.iter().map(|track| id(*track).to_string()).collect();
            format!(
                "INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position)
                 SELECT {0}, n.id, n.place + coalesce((SELECT max(position) FROM sgr.playlist_tracks
                                                       WHERE playlist_id = {0}), 0)
                 FROM unnest('{{{1}}}'::bigint[]) WITH ORDINALITY AS n (id, place)",
                id(playlist),
                ids.join(",")
            )
        };
        match self {
            Edit::Add(playlist, track) => add(*playlist, &[*track]),
            Edit::AddMany(playlist, tracks) => add(*playlist, tracks),
            Edit::Exchange(number, track) => {
                format!("UPDATE sgr.playlist_tracks SET track_id = {} WHERE {}", id(*track), entry(*number))
            }
            Edit::Move(number, playlist) => format!(
                "UPDATE sgr.playlist_tracks SET playlist_id = {0}, position = 1 + coalesce(
                     (SELECT max(position) FROM sgr.playlist_tracks WHERE playlist_id = {0}), 0) WHERE {1}",
                id(*playlist),
                entry(*number)
            ),
            Edit::Remove(number) => format!("DELETE FROM sgr.playlist_tracks WHERE {}", entry(*number)),
            Edit::RemoveTrack(track) => format!("DELETE FROM sgr.playlist_tracks WHERE track_id = {}", id(*track)),
            Edit::Empty(playlist) => format!("DELETE FROM sgr.playlist_tracks WHERE playlist_id = {}", id(*playlist)),
            Edit::Touch(number) => format!("UPDATE sgr.playlist_tracks SET added_at = now() WHERE {}", entry(*number)),
            Edit::Like(user, track) => format!(
                "INSERT INTO sgr.interactions (user_id, track_id) VALUES ({}, {}) ON CONFLICT DO NOTHING",
                id(*user),
                id(*track)
            ),
            Edit::Unlike(number) => format!("DELETE FROM sgr.interactions WHERE {}", interaction(*number)),
            Edit::Turn(number, like) => {
                let kind = if *like { "like" } else { "play" };
                format!(
                    "UPDATE sgr.interactions AS i SET kind = '{kind}' WHERE {} AND NOT EXISTS (
                         SELECT FROM sgr.interactions AS o
                         WHERE o.user_id = i.user_id AND o.track_id = i.track_id AND o.kind = '{kind}')",
                    interaction(*number)
                )
            }
            Edit::Shun(track) => format!("DELETE FROM sgr.interactions WHERE track_id = {}", id(*track)),
            Edit::Forget(user) => format!("DELETE FROM sgr.interactions WHERE user_id = {}", id(*user)),
            Edit::Inherit(number, user) => format!(
                "UPDATE sgr.interactions AS i SET user_id = {0} WHERE {1} AND NOT EXISTS (
                     SELECT FROM sgr.interactions AS o
                     WHERE o.user_id = {0} AND o.track_id = i.track_id AND o.kind = i.kind)",
                id(*user),
                interaction(*number)
            ),
            Edit::Publish(playlist, public) => {
                format!("UPDATE sgr.playlists SET is_public = {public} WHERE playlist_id = {}", id(*playlist))
            }
            Edit::Conceal(playlist) => format!("DELETE FROM sgr.playlists WHERE playlist_id = {}", id(*playlist)),
            Edit::Announce(playlist, public) => format!(
                "INSERT INTO sgr.playlists (playlist_id, is_public) VALUES ({}, {public})
                 ON CONFLICT (playlist_id) DO UPDATE SET is_public = excluded.is_public",
                id(*playlist)
            ),
            Edit::Rename(playlist, other) => format!(
                "UPDATE sgr.playlists SET playlist_id = {1} WHERE playlist_id = {0}
                 AND NOT EXISTS (SELECT FROM sgr.playlists WHERE playlist_id = {1})",
                id(*playlist),
                id(*other)
            ),
            Edit::Undone(playlist) => {
                format!("BEGIN; {}; DELETE FROM sgr.playlist_tracks; ROLLBACK", add(*playlist, &[0, 1, 2]))
            }
        }
    }
}

/// Kinds of co-occurrence.
pub fn kinds() -> impl Strategy<Value = (&'static str, &'static str)> {
    select(vec![("playlist", "track"), ("like", "track"), ("playlist", "artist"), ("like", "artist")])
}

/// Arguments of a refresh, ranked by one of some measures.
pub fn parameters(measures: &'static [&'static str], since: bool) -> impl Strategy<Value = Parameters> {
    let times = if since { vec![None, None, Some("2024-02-29 12:00Z"), Some("2025-01-01")] } else { vec![None] };
    (
        kinds(),
        option::weighted(0.6, 1..12_i32),
        select(measures),
        prop_oneof![3 => Just(1), 1 => 2..4_i32],
        option::weighted(0.3, 2..20_i32),
        option::weighted(0.3, 1..4_i32),
        select(times),
        0..4_i32,
        any::<bool>(),
    )
        .prop_map(
            |(
                (basket, item),
                top_k,
                rank_by,
                min_together,
                max_basket_len,
                max_per_owner,
                since,
                threads,
                public_only,
            )| {
                Parameters {
                    basket,
                    item,
                    top_k,
                    rank_by,
                    min_together,
                    max_basket_len,
                    max_per_owner: if rank_by == "weighted_cosine" { None } else { max_per_owner },
                    since,
                    threads,
                    public_only,
                }
            },
        )
}
