//! An explanation as the rows of `sgr_explain`.

use super::{Explanation, Question};
use crate::recommend::{plural, who_like_both};
use sgr_engine::recommend::SIGNALS;

/// A row of `sgr_explain`.
#[derive(Default)]
pub struct Row {
    /// signal, score, path, evidence
    pub part: &'static str,
    pub rank: Option<u32>,
    pub reason: String,
    pub weight: Option<f64>,
    pub value: Option<f64>,
    pub contribution: Option<f64>,
    pub share_percent: Option<f64>,
    pub detail: Option<String>,
}

impl Explanation {
    /// Signals, their sum, paths, evidence.
    pub fn rows(self) -> Vec<Row> {
        let mut rows: Vec<Row> = (1..)
            .zip(self.contributions)
            .map(|(place, term)| Row {
                part: "signal",
                rank: Some(place),
                reason: term.signal.to_owned(),
                weight: Some(term.weight),
                value: Some(term.value),
                contribution: Some(term.contribution),
                share_percent: Some(term.share_percent),
                detail: Some(term.detail),
            })
            .collect();
        rows.push(Row {
            part: "score",
            rank: self.rank,
            reason: match self.rank {
                Some(rank) => format!("rank {rank} of {}", plural(self.proposed, "proposed track")),
                None => self.notes.into_iter().next().unwrap_or_default(),
            },
            value: Some(self.score),
            detail: Some(match self.fallback {
                Some(fallback) => format!("confidence {:.2}, rests on {fallback}", self.confidence),
                None => format!("confidence {:.2}", self.confidence),
            }),
            ..Row::default()
        });
        rows.extend(self.paths.into_iter().map(|path| Row {
            part: "path",
            rank: Some(path.rank),
            reason: path.path,
            detail: Some(format!("{}, cost {:.2}", plural(path.hops, "hop"), path.cost)),
            ..Row::default()
        }));
        let lines = self.pieces.into_iter().filter_map(|piece| {
            Some(Row {
                part: "evidence",
                reason: piece.reason?,
                share_percent: piece.share_percent,
                detail: piece.detail,
                ..Row::default()
            })
        });
        rows.extend((1..).zip(lines).map(|(place, row)| Row { rank: Some(place), ..row }));
        rows
    }
}

/// What each signal rests on, in the order of [`SIGNALS`].
pub(super) fn details(question: &Question) -> [String; SIGNALS.len()] {
    let [playlists, likes, tags, artist, _, near] = question.ranked.evidence;
    let is_user = question.profile.is_user();
    let nothing = || "nothing".to_owned();
    let counted = |count: u32, text: String| if count > 0 { text } else { nothing() };
    let artist = match (artist.value > 0.0, is_user, artist.value >= 1.0) {
        (false, _, _) => nothing(),
        (true, true, _) => "by an artist of the user's tracks".to_owned(),
        (true, false, true) => "same artist".to_owned(),
        (true, false, false) => "artists who worked together".to_owned(),
    };
    // For a user these are sums over his tracks.
    let (in_playlists, liked) = if is_user {
        let times = |count: u32| if count == 1 { "once".to_owned() } else { format!("{count} times") };
        (
            format!("meets the user's tracks in playlists {}", times(playlists.count)),
            format!("meets the user's tracks in likes {}", times(likes.count)),
        )
    } else {
        (format!("in {} together", plural(playlists.count, "playlist")), who_like_both(likes.count))
    };
    let near = match (near.value > 0.0, is_user) {
        (false, _) => nothing(),
        (true, false) => format!("vectors of cosine {:.2}", near.value),
        (true, true) => format!(
            "near {}",
            if near.count == 1 {
                "1 of the user's tracks".to_owned()
            } else {
                format!("{} of the user's tracks", near.count)
            }
        ),
    };
    let candidate = question.candidate;
    let popular =
        format!("in {}, liked by {}", plural(candidate.playlists, "playlist"), plural(candidate.likes, "user"));
    [
        counted(playlists.count, in_playlists),
        counted(likes.count, liked),
        counted(tags.count, plural(tags.count, "shared tag")),
        artist,
        popular,
        near,
    ]
}
