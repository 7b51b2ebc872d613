//! Which of the profile's tracks carried a candidate.

use crate::recommend::{LIKES, PLAYLISTS, Profile, plural, who_like_both};
use crate::related::Named;
use serde::Serialize;
use sgr_engine::recommend::{Cooccurrence, Ranked, Signal, TrackFeatures};
use std::collections::{HashMap, HashSet};

/// Tracks of a user that are named.
const MOST_SEEDS: usize = 5;

/// A track of the profile beside the candidate.
#[derive(Serialize, Clone)]
pub struct SeedEvidence {
    pub track_id: i64,
    pub title: Option<String>,
    /// Playlists that hold both.
    pub playlists_together: u32,
    /// Users who like both.
    pub users_together: u32,
    pub shared_tags: u32,
    pub same_artist: bool,
    /// What it adds to the score through playlists and likes.
    pub contribution: f64,
}

impl SeedEvidence {
    /// With its title.
    pub fn named(self, names: &HashMap<i64, Named>) -> Self {
        Self { title: names.get(&self.track_id).and_then(|(title, _)| title.clone()), ..self }
    }

    /// "in 3 playlists together, 2 shared tags".
    pub fn detail(&self) -> String {
        let mut parts = Vec::new();
        if self.playlists_together > 0 {
            parts.push(format!("in {} together", plural(self.playlists_together, "playlist")));
        }
        if self.users_together > 0 {
            parts.push(who_like_both(self.users_together));
        }
        if self.shared_tags > 0 {
            parts.push(plural(self.shared_tags, "shared tag"));
        }
        if self.same_artist {
            parts.push("same artist".to_owned());
        }
        parts.join(", ")
    }
}

/// The tracks of the profile that carry the candidate, the strongest first: by what they add to its score through
/// playlists and likes, then by what they have in common with it.
pub fn strongest(profile: &Profile, candidate: &TrackFeatures, ranked: &Ranked) -> Vec<SeedEvidence> {
    if !profile.is_user() {
        return Vec::new();
    }
    let mut by_track: HashMap<i64, SeedEvidence> = HashMap::new();
    for (place, kind) in [PLAYLISTS, LIKES].into_iter().enumerate() {
        let met: Vec<(i64, f64, u32)> = profile
            .lists()
            .iter()
            .filter(|list| list.kind == kind && list.track_id != candidate.track_id)
            .filter(|list| list.neighbours.contains(&candidate.track_id))
            .map(|list| {
                let met = Cooccurrence::new([list.columns()], false).score(candidate);
                (list.track_id, met.value, met.count)
            })
            .collect();
        let sum: f64 = met.iter().map(|(_, value, _)| value).sum();
        for (track_id, value, count) in met {
            let seed = entry(&mut by_track, track_id);
            if sum > 0.0 {
                seed.contribution += ranked.contributions[place] * value / sum;
            }
            if kind == PLAYLISTS {
                seed.playlists_together = count;
            } else {
                seed.users_together = count;
            }
        }
    }
    let tags: HashSet<i32> = candidate.tag_ids.iter().copied().collect();
    for track in profile.seeds().iter().filter(|track| track.track_id != candidate.track_id) {
        let shared = track.tag_ids.iter().filter(|tag| tags.contains(tag)).count() as u32;
        let same_artist = track.artist_id.is_some() && track.artist_id == candidate.artist_id;
        if shared > 0 || same_artist {
            let seed = entry(&mut by_track, track.track_id);
            seed.shared_tags = shared;
            seed.same_artist = same_artist;
        }
    }
    let mut seeds: Vec<SeedEvidence> = by_track.into_values().collect();
    seeds.sort_by(|a, b| {
        let by_score = b.contribution.total_cmp(&a.contribution);
        let in_common = (b.same_artist, b.shared_tags).cmp(&(a.same_artist, a.shared_tags));
        by_score.then(in_common).then(a.track_id.cmp(&b.track_id))
    });
    seeds.truncate(MOST_SEEDS);
    seeds
}

fn entry(by_track: &mut HashMap<i64, SeedEvidence>, track_id: i64) -> &mut SeedEvidence {
    by_track.entry(track_id).or_insert_with(|| SeedEvidence {
        track_id,
        title: None,
        playlists_together: 0,
        users_together: 0,
        shared_tags: 0,
        same_artist: false,
        contribution: 0.0,
    })
}
