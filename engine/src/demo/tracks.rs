//! Artists, tracks and who else made them.

use super::catalogue::{DemoArtist, DemoCatalogue, DemoCredit, DemoTrack};
use super::layout::Layout;
use super::names::{TRACKS_OF_ARTIST, Taken, slug, track_title};
use super::sampling::Stream;
use super::scenes::Scene;
use super::{DEMO_EPOCH, DEMO_SOURCE};

pub(super) const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

const WITHOUT_METADATA: f64 = 0.02;
const WITHOUT_TITLE: f64 = 0.1;
const FEATURED: f64 = 0.12;
const REMIXED: f64 = 0.03;
const GUEST_OF_SAME_SCENE: f64 = 0.85;
const STEADY_PARTNER: f64 = 0.6;
const HIDDEN_COUNT: f64 = 0.04;
/// Plays of a track of average popularity.
const MEAN_PLAYS: f64 = 20_000.0;

/// Makes the next artist.
pub(super) fn add_artist(
    layout: &Layout,
    scenes: &[Scene],
    taken: &mut Taken,
    stream: &mut Stream,
    catalogue: &mut DemoCatalogue,
) {
    let index = catalogue.artists.len();
    let number = index + 1;
    let scene = index % layout.scenes;
    let name = taken.artist_name(number, stream);
    let permalink_url = taken.profile_url(&name, "artist", number);
    let (city, country_code) = scenes[scene].home(stream);
    let followers = layout.artist_share[index] * layout.tracks as f64 * 600.0 * noise(stream);
    catalogue.artists.push(DemoArtist {
        artist_id: number as i64,
        urn: format!("soundcloud:artists:{number}"),
        name,
        permalink_url,
        city,
        country_code,
        followers_count: shown(followers, stream),
        source: DEMO_SOURCE,
        fetched_at: DEMO_EPOCH,
        scene,
    });
}

/// Makes the next track with its credits.
pub(super) fn add_track(
    layout: &Layout,
    scenes: &[Scene],
    taken: &mut Taken,
    stream: &mut Stream,
    catalogue: &mut DemoCatalogue,
) {
    let index = catalogue.tracks.len();
    let track_id = index as i64 + 1;
    let scene = &scenes[index % layout.scenes];
    let artist = layout.artist_of[index] as usize;
    let bare = stream.chance(WITHOUT_METADATA);
    let title = if bare && stream.chance(WITHOUT_TITLE) {
        None
    } else {
        let mut title = track_title(stream);
        add_credits(layout, index, &mut title, stream, catalogue);
        Some(title)
    };

    let slug = match title.as_deref().map(slug) {
        Some(slug) if !slug.is_empty() => slug,
        _ => format!("track-{track_id}"),
    };
    let slug = taken.unique(TRACKS_OF_ARTIST + artist as u64, slug, "-", track_id as usize);
    let permalink_url = format!("{}/{slug}", catalogue.artists[artist].permalink_url);

    let created_at = DEMO_EPOCH - 9 * YEAR + stream.below((7 * YEAR) as usize) as i64;
    let released_on = stream.chance(0.9).then(|| (created_at / DAY) as i32 - released_before(stream));
    let label = stream.chance(0.85).then(|| {
        let home = &scene.labels[(artist / layout.scenes) % scene.labels.len()];
        if stream.chance(0.75) { home.clone() } else { scene.labels[stream.below(scene.labels.len())].clone() }
    });
    let isrc = stream.chance(0.7).then(|| isrc(index, created_at));
    let bpm = stream.chance(0.85).then(|| scene.bpm(stream));
    let key_signature = stream.chance(0.7).then(|| scene.key(stream));
    let tags = scene.track_tags(stream);

    let plays = (layout.share_of[index] * layout.tracks as f64 * MEAN_PLAYS * noise(stream)).floor();
    let likes = (plays * (0.01 + 0.05 * stream.unit())).floor();
    let reposts = (likes * (0.05 + 0.15 * stream.unit())).floor();
    let comments = (likes * (0.01 + 0.07 * stream.unit())).floor();
    let playback_count = shown(plays, stream);
    let likes_count = shown(likes, stream);
    let reposts_count = shown(reposts, stream);
    let comment_count = shown(comments, stream);

    catalogue.tracks.push(DemoTrack {
        track_id,
        urn: format!("soundcloud:tracks:{track_id}"),
        artist_id: artist as i64 + 1,
        title,
        genre: (!bare).then(|| scene.genre.clone()),
        tags: (!bare).then_some(tags),
        permalink_url,
        duration_ms: (stream.between(90, 420) * 1000 + stream.below(1000)) as i32,
        label: label.filter(|_| !bare),
        isrc: isrc.filter(|_| !bare),
        bpm: bpm.filter(|_| !bare),
        key_signature: key_signature.filter(|_| !bare),
        released_on: released_on.filter(|_| !bare),
        created_at,
        playback_count,
        likes_count,
        reposts_count,
        comment_count,
        source: DEMO_SOURCE,
        fetched_at: DEMO_EPOCH,
    });
}

/// Perhaps a featured artist, perhaps a remixer, in the title and as credits.
fn add_credits(layout: &Layout, index: usize, title: &mut String, stream: &mut Stream, catalogue: &mut DemoCatalogue) {
    let main = layout.artist_of[index] as usize;
    let mut credited = [main; 2];
    for (nth, (chance, role)) in [(FEATURED, "featured"), (REMIXED, "remixer")].into_iter().enumerate() {
        if !stream.chance(chance) {
            continue;
        }
        let guest = guest(layout, main, stream);
        if credited.contains(&guest) {
            continue;
        }
        credited[nth] = guest;
        let name = &catalogue.artists[guest].name;
        title.push_str(&if role == "featured" { format!(" (feat. {name})") } else { format!(" ({name} Remix)") });
        catalogue.track_artists.push(DemoCredit { track_id: index as i64 + 1, artist_id: guest as i64 + 1, role });
    }
}

/// Another artist: mostly of the same scene, there mostly a neighbour in numbering.
fn guest(layout: &Layout, main: usize, stream: &mut Stream) -> usize {
    if !stream.chance(GUEST_OF_SAME_SCENE) {
        return stream.below(layout.artists);
    }
    let scene = main % layout.scenes;
    let count = layout.artists_in(scene);
    let local = if stream.chance(STEADY_PARTNER) {
        (main / layout.scenes + stream.between(1, 2)) % count
    } else {
        stream.below(count)
    };
    local * layout.scenes + scene
}

/// Mostly the day of upload, else up to two years earlier.
fn released_before(stream: &mut Stream) -> i32 {
    if stream.chance(0.8) { 0 } else { stream.below(730) as i32 }
}

/// Country ZZ, which nobody has; registrant and designation number the track.
fn isrc(index: usize, created_at: i64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let registrant = index / 100_000;
    let letters: String =
        [registrant / 1296, registrant / 36, registrant].iter().map(|&at| char::from(DIGITS[at % 36])).collect();
    // Close enough to the calendar for a two-digit year.
    let year = (1970 + created_at / (YEAR + DAY / 4)) % 100;
    format!("ZZ{letters}{year:02}{:05}", index % 100_000)
}

/// Between 0.4 and 1.6.
pub(super) fn noise(stream: &mut Stream) -> f64 {
    0.4 + 1.2 * stream.unit()
}

/// A count, or NULL where it is hidden.
pub(super) fn shown(count: f64, stream: &mut Stream) -> Option<i64> {
    (!stream.chance(HIDDEN_COUNT)).then_some(count as i64)
}
