//! The four kinds of co-occurrence: what is a basket, what is an item, and where their rows come from.

use crate::error::{Error, Result};

/// A kind as stored in `sgr.cooccurrence.kind`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Tracks that stand in playlists together.
    TracksByPlaylists = 1,
    /// Tracks that users like together.
    TracksByLikes = 2,
    /// Artists whose tracks stand in playlists together.
    ArtistsByPlaylists = 3,
    /// Artists whose tracks users like together.
    ArtistsByLikes = 4,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 4] =
        [Kind::TracksByPlaylists, Kind::TracksByLikes, Kind::ArtistsByPlaylists, Kind::ArtistsByLikes];

    /// The kinds that a pair of arguments names; NULL names all of them. Errors: 22023 for any other word.
    pub fn matching(basket: Option<&str>, item: Option<&str>) -> Result<Vec<Kind>> {
        one_of("basket", basket, &["playlist", "like"])?;
        one_of("item", item, &["track", "artist"])?;
        Ok(Self::ALL
            .into_iter()
            .filter(|kind| basket.is_none_or(|b| b == kind.basket()) && item.is_none_or(|i| i == kind.item()))
            .collect())
    }

    /// The number in the table.
    pub fn id(self) -> i16 {
        self as i16
    }

    /// "playlist" or "like".
    pub fn basket(self) -> &'static str {
        match self {
            Kind::TracksByPlaylists | Kind::ArtistsByPlaylists => "playlist",
            Kind::TracksByLikes | Kind::ArtistsByLikes => "like",
        }
    }

    /// "track" or "artist".
    pub fn item(self) -> &'static str {
        match self {
            Kind::TracksByPlaylists | Kind::TracksByLikes => "track",
            Kind::ArtistsByPlaylists | Kind::ArtistsByLikes => "artist",
        }
    }

    /// The catalogue role whose rows are the baskets' entries.
    pub fn role(self) -> &'static str {
        if self.basket() == "playlist" { "playlist_tracks" } else { "interactions" }
    }

    /// All entries: (basket_id, item_id).
    pub fn entries_sql(self) -> &'static str {
        match self {
            Kind::TracksByPlaylists => include_str!("../sql/queries/entries_playlist_track.sql"),
            Kind::TracksByLikes => include_str!("../sql/queries/entries_like_track.sql"),
            Kind::ArtistsByPlaylists => include_str!("../sql/queries/entries_playlist_artist.sql"),
            Kind::ArtistsByLikes => include_str!("../sql/queries/entries_like_artist.sql"),
        }
    }

    /// Entries added at or after $1.
    pub fn entries_since_sql(self) -> &'static str {
        match self {
            Kind::TracksByPlaylists => include_str!("../sql/queries/entries_playlist_track_since.sql"),
            Kind::TracksByLikes => include_str!("../sql/queries/entries_like_track_since.sql"),
            Kind::ArtistsByPlaylists => include_str!("../sql/queries/entries_playlist_artist_since.sql"),
            Kind::ArtistsByLikes => include_str!("../sql/queries/entries_like_artist_since.sql"),
        }
    }

    /// Entries of the baskets $1.
    pub fn entries_of_baskets_sql(self) -> &'static str {
        match self {
            Kind::TracksByPlaylists => include_str!("../sql/queries/entries_playlist_track_of.sql"),
            Kind::TracksByLikes => include_str!("../sql/queries/entries_like_track_of.sql"),
            Kind::ArtistsByPlaylists => include_str!("../sql/queries/entries_playlist_artist_of.sql"),
            Kind::ArtistsByLikes => include_str!("../sql/queries/entries_like_artist_of.sql"),
        }
    }

    /// Entries of the baskets $1 added at or after the time $2 (text, '' for any). Of artists all entries.
    pub fn entries_of_baskets_since_sql(self) -> &'static str {
        match self {
            Kind::TracksByPlaylists => include_str!("../sql/queries/entries_playlist_track_of_since.sql"),
            Kind::TracksByLikes => include_str!("../sql/queries/entries_like_track_of_since.sql"),
            Kind::ArtistsByPlaylists | Kind::ArtistsByLikes => self.entries_of_baskets_sql(),
        }
    }

    /// The baskets that hold any of the items $1.
    pub fn baskets_with_items_sql(self) -> &'static str {
        match self {
            Kind::TracksByPlaylists => include_str!("../sql/queries/baskets_playlist_track.sql"),
            Kind::TracksByLikes => include_str!("../sql/queries/baskets_like_track.sql"),
            Kind::ArtistsByPlaylists => include_str!("../sql/queries/baskets_playlist_artist.sql"),
            Kind::ArtistsByLikes => include_str!("../sql/queries/baskets_like_artist.sql"),
        }
    }
}

/// 22023 unless the word is NULL or one of those allowed.
pub fn one_of(argument: &str, value: Option<&str>, allowed: &[&str]) -> Result<()> {
    match value {
        Some(word) if !allowed.contains(&word) => {
            Err(Error::invalid(format!("unknown {argument} \"{word}\""))
                .hint(format!("use one of {}", allowed.join(", "))))
        }
        _ => Ok(()),
    }
}
