//! The official example bodies of the OpenAPI description, which are not in the repository: `$SGR_DATA/soundcloud`, by
//! default `../shared/data/soundcloud` beside the repository.

use sgr_engine::catalog::{Cleaned, Document, clean};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

fn folder(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SGR_DATA")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data"), PathBuf::from);
    let folder = root.join("soundcloud").join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: there is no {} (SGR_DATA names the folder of the data sets)", folder.display());
    None
}

fn read(body: &str) -> Cleaned {
    clean(&[Document { document_id: 1, fetched_at: 0, source: "openapi", body }], &AtomicBool::new(false))
        .expect("nobody cancels")
}

/// File, kind, loaded, rejected, rejected fields.
const EXPECTED: &[(&str, &str, u32, u32, usize)] = &[
    ("Accepted.json", "unknown", 0, 1, 0),
    // A track and a playlist, each with its user; the playlist's tracks are no array, and its user_id is another's.
    ("Activities.json", "page", 4, 0, 2),
    ("BadRequest.json", "error", 0, 1, 0),
    ("Comment.json", "unknown", 0, 1, 0),
    ("Comments.json", "page", 0, 1, 0),
    ("CreateUpdatePlaylistFormRequest.json", "unknown", 0, 1, 0),
    // {playlist: …} without an id.
    ("CreateUpdatePlaylistRequest.json", "activity", 0, 1, 0),
    ("Created.json", "unknown", 0, 1, 0),
    ("ErrorInvalidClient.json", "error", 0, 1, 0),
    ("ErrorInvalidGrant.json", "error", 0, 1, 0),
    ("ErrorInvalidScope.json", "error", 0, 1, 0),
    ("ErrorUnauthorizedClient.json", "error", 0, 1, 0),
    ("ErrorUnsupportedGrant.json", "error", 0, 1, 0),
    ("ExpiringToken.json", "unknown", 0, 1, 0),
    ("Forbidden.json", "error", 0, 1, 0),
    ("NotFound.json", "error", 0, 1, 0),
    ("OK.json", "unknown", 0, 1, 0),
    ("Playlist.json", "playlist", 2, 0, 2),
    ("Playlists.json", "page", 2, 0, 2),
    ("PlaylistsArray.json", "playlist", 2, 0, 2),
    ("Streams.json", "unknown", 0, 1, 0),
    ("Success.json", "unknown", 0, 1, 0),
    ("Successful.json", "unknown", 0, 1, 0),
    ("TooManyRequests.json", "error", 0, 1, 0),
    ("Track.json", "track", 2, 0, 0),
    ("TrackDataRequest.json", "unknown", 0, 1, 0),
    ("TrackMetadataRequest.json", "unknown", 0, 1, 0),
    ("Tracks.json", "page", 2, 0, 0),
    ("TracksList.json", "track", 2, 0, 0),
    ("Unauthorized.json", "error", 0, 1, 0),
    ("UnprocessableEntity.json", "error", 0, 1, 0),
    ("User.json", "user", 1, 0, 0),
    ("Users.json", "page", 1, 0, 0),
    ("WebProfiles.json", "array", 0, 1, 0),
];

#[test]
fn the_official_examples_load() {
    let Some(folder) = folder("openapi") else { return };
    let files = std::fs::read_dir(&folder)
        .expect("the folder is readable")
        .map(|file| file.expect("the folder is readable").path());
    assert_eq!(files.filter(|file| file.extension().is_some_and(|ext| ext == "json")).count(), EXPECTED.len());
    for &(file, kind, loaded, rejected, fields) in EXPECTED {
        let cleaned = read(&std::fs::read_to_string(folder.join(file)).expect("the file is readable"));
        let report = &cleaned.documents[0];
        let found = (report.kind.as_str(), report.loaded, report.rejected, cleaned.rejections.len());
        assert_eq!(found, (kind, loaded, rejected, rejected as usize + fields), "{file}: {:?}", cleaned.rejections);
        assert_eq!(report.found, loaded + rejected, "{file}");
    }
    let track = &read(&std::fs::read_to_string(folder.join("Track.json")).expect("the file is readable")).tracks[0];
    assert_eq!((track.id, track.artist_id, track.title.as_deref()), (1234, Some(12345), Some("Some title")));
    assert_eq!((track.likes_count, track.playback_count, track.comment_count), (Some(271), Some(8027), Some(4)));
    // 2019-08-22 by date(1).
    assert_eq!((track.released_on, track.duration_ms), (Some(18_130), Some(40_000)));
}

#[test]
fn error_bodies_seen_in_the_wild_are_told_apart_from_records() {
    let Some(folder) = folder("errors") else { return };
    let mut bodies = 0;
    for file in std::fs::read_dir(folder).expect("the folder is readable") {
        let path = file.expect("the folder is readable").path();
        let cleaned = read(&std::fs::read_to_string(&path).expect("the file is readable"));
        let report = &cleaned.documents[0];
        let redirect = path.file_name().expect("there is a name").to_string_lossy().starts_with("302");
        assert_eq!(report.kind.as_str(), if redirect { "unknown" } else { "error" }, "{}", path.display());
        assert_eq!((report.found, report.loaded, report.rejected), (1, 0, 1), "{}", path.display());
        bodies += 1;
    }
    assert!(bodies >= 5);
}
