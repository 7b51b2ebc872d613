//! Users, what they did with tracks, and whom they follow.

use super::catalogue::{DemoCatalogue, DemoInteraction, DemoUser};
use super::layout::Layout;
use super::names::Taken;
use super::sampling::{Marks, Stream};
use super::scenes::Scene;
use super::tracks::{DAY, noise, shown};
use super::{DEMO_EPOCH, DEMO_SOURCE};

/// Likes per user, on average.
pub const MEAN_LIKES: f64 = 40.0;
/// Most likes of a user; small scenes lower it to three quarters of their tracks.
const MAX_LIKES: usize = 1_000;
const REPOSTED: f64 = 0.05;
const PLAYED: f64 = 0.25;
const MEAN_OTHER_PLAYS: f64 = 6.0;
const MAX_OTHER_PLAYS: usize = 100;
/// Rows of `sgr.interactions` per user, on average.
pub(super) const MEAN_INTERACTIONS: f64 = MEAN_LIKES * (1.0 + REPOSTED + PLAYED) + MEAN_OTHER_PLAYS;
/// Users that a user follows, on average.
pub(super) const MEAN_FOLLOWS: f64 = 8.0;
const MAX_FOLLOWS: usize = 300;
const FOLLOWS_AT_HOME: f64 = 0.8;
/// Share of interactions whose time is unknown.
const WITHOUT_TIME: f64 = 0.02;

/// Makes the next user.
pub(super) fn add_user(
    layout: &Layout,
    scenes: &[Scene],
    taken: &mut Taken,
    stream: &mut Stream,
    catalogue: &mut DemoCatalogue,
) {
    let number = catalogue.users.len() + 1;
    let scene = layout.draw_scene(stream);
    let name = taken.user_name(number, stream);
    let permalink_url = taken.profile_url(&name, "user", number);
    let (city, country_code) = scenes[scene].home(stream);
    let followers = stream.long_tailed(60.0, 20_000) as f64;
    catalogue.users.push(DemoUser {
        user_id: number as i64,
        urn: format!("soundcloud:users:{number}"),
        name,
        permalink_url,
        city,
        country_code,
        followers_count: shown(followers * noise(stream), stream),
        source: DEMO_SOURCE,
        fetched_at: DEMO_EPOCH,
        scene,
    });
}

/// Adds what one user did: likes, some of them also reposts and plays, and plays of other tracks.
pub(super) fn add_interactions(
    layout: &Layout,
    user: usize,
    marks: &mut Marks,
    basket: &mut Vec<u32>,
    stream: &mut Stream,
    catalogue: &mut DemoCatalogue,
) {
    let home = catalogue.users[user].scene;
    let user_id = user as i64 + 1;
    let cap = (layout.scene_size() * 3 / 4).clamp(1, MAX_LIKES);
    marks.clear();
    basket.clear();
    layout.fill_basket(home, stream.long_tailed(MEAN_LIKES, cap), marks, stream, basket);
    let likes = basket.len();
    let others = stream.long_tailed(MEAN_OTHER_PLAYS, MAX_OTHER_PLAYS.min(layout.scene_size() / 8));
    layout.fill_basket(home, others, marks, stream, basket);

    for (at, &track) in basket.iter().enumerate() {
        let mut add = |kind, weight, stream: &mut Stream| {
            catalogue.interactions.push(DemoInteraction {
                user_id,
                track_id: i64::from(track) + 1,
                kind,
                weight,
                occurred_at: (!stream.chance(WITHOUT_TIME)).then(|| recent(stream)),
            });
        };
        let liked = at < likes;
        if liked {
            add("like", None, stream);
            if stream.chance(REPOSTED) {
                add("repost", None, stream);
            }
        }
        if !liked || stream.chance(PLAYED) {
            let plays = 1 + stream.long_tailed(if liked { 8.0 } else { 2.0 }, 500);
            add("play", Some(plays as f32), stream);
        }
    }
}

/// A time in the two years before the epoch of the demo.
pub(super) fn recent(stream: &mut Stream) -> i64 {
    DEMO_EPOCH - 1 - stream.below((2 * 365 * DAY) as usize) as i64
}

/// Users by home scene.
#[derive(Debug, Default)]
pub(super) struct Neighbourhoods {
    by_scene: Vec<Vec<u32>>,
}

impl Neighbourhoods {
    pub(super) fn of(users: &[DemoUser], scenes: usize) -> Neighbourhoods {
        let mut by_scene = vec![Vec::new(); scenes];
        for (index, user) in users.iter().enumerate() {
            by_scene[user.scene].push(index as u32);
        }
        Neighbourhoods { by_scene }
    }

    /// Users of one scene.
    pub(super) fn members(&self, scene: usize) -> &[u32] {
        self.by_scene.get(scene).map_or(&[], Vec::as_slice)
    }

    /// Adds whom one user follows: mostly users of the same home scene, the earlier ones more often.
    pub(super) fn add_follows(
        &self,
        user: usize,
        marks: &mut Marks,
        stream: &mut Stream,
        catalogue: &mut DemoCatalogue,
    ) {
        let users = catalogue.users.len();
        let members = self.members(catalogue.users[user].scene);
        let start = catalogue.follows.len();
        marks.clear();
        marks.mark(user as u32);
        for _ in 0..stream.long_tailed(MEAN_FOLLOWS, MAX_FOLLOWS.min(users / 2)) {
            // The smaller of two draws: the first of the list has twice the average, the last hardly any.
            let followed = if stream.chance(FOLLOWS_AT_HOME) {
                members[stream.below(members.len()).min(stream.below(members.len()))]
            } else {
                stream.below(users).min(stream.below(users)) as u32
            };
            if marks.mark(followed) {
                catalogue.follows.push((user as i64 + 1, i64::from(followed) + 1));
            }
        }
        catalogue.follows[start..].sort_unstable();
    }
}
