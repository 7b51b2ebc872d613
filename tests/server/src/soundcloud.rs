//! The mock of SoundCloud as a process, and what its catalogue is in SQL.

use crate::database::one;
use postgres::Client;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// Its secret, which must show up nowhere.
pub const SECRET: &str = "mock-client-secret";

/// The catalogue that it plays: `sgr_demo_load` with these numbers.
#[derive(Clone, Copy)]
pub struct Size {
    /// Tracks.
    pub tracks: u32,
    /// Playlists, of which some are private.
    pub playlists: u32,
    /// Users who are no artists.
    pub users: u32,
}

/// Scenes and seed of the catalogue.
const SCENES: u32 = 4;
const SEED: u32 = 7;

/// A line of its log.
#[derive(Debug, Clone)]
pub struct Line {
    /// Microseconds since the Unix epoch.
    pub at: i64,
    /// GET or POST.
    pub method: String,
    /// `answered`, `refused`, or the hazard that it met.
    pub fate: String,
    /// Path and parameters.
    pub target: String,
    /// Before when a rate limit told the client not to come back, in microseconds since the Unix epoch.
    pub reset: Option<i64>,
}

/// A running mock; it ends with this value, or with the test's process.
pub struct Mock {
    child: Child,
    said: BTreeMap<String, String>,
    folder: PathBuf,
    size: Size,
}

impl Mock {
    /// Starts one with further options of the program. `data` is the server's data directory: files that only the server
    /// may read belong to whom that belongs to.
    pub fn start(data: &str, size: Size, options: &[&str]) -> Self {
        let folder = Path::new(data).parent().unwrap().join(format!("mock_{}_{}", std::process::id(), unique()));
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        let log = folder.join("requests.log");
        let number = |number: u32| number.to_string();
        let mut child = Command::new(program())
            .args(["--tracks", &number(size.tracks), "--playlists", &number(size.playlists)])
            .args(["--users", &number(size.users), "--scenes", &number(SCENES), "--seed", &number(SEED)])
            .args(["--until-eof", "yes", "--log", log.to_str().unwrap()])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines
            .map(|line| line.unwrap())
            .filter_map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut mock = Mock { child, said: BTreeMap::new(), folder, size };
        mock.said = said.take(5).collect();
        mock.write_credentials("credentials", &mock.said["client_secret"].clone());
        mock.chown("credentials", data);
        mock
    }

    /// Starts one that speaks TLS, and returns the path of the certificate that vouches for it.
    pub fn start_tls(data: &str, size: Size) -> (Self, String) {
        let folder = Path::new(data).parent().unwrap().join(format!("tls_{}_{}", std::process::id(), unique()));
        std::fs::create_dir(&folder).unwrap();
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
        let certificate = folder.join("ca.pem").to_str().unwrap().to_owned();
        let mock = Self::start(data, size, &["--tls", &certificate]);
        std::fs::set_permissions(&certificate, PermissionsExt::from_mode(0o644)).unwrap();
        (mock, certificate)
    }

    /// The URLs of its API and of its tokens.
    pub fn urls(&self) -> [&str; 2] {
        [&self.said["api_url"], &self.said["token_url"]]
    }

    /// Writes a file of credentials with a secret of one's own, for [`Mock::start`]'s server, and returns its path.
    pub fn write_credentials(&self, name: &str, secret: &str) -> String {
        let path = self.folder.join(name);
        std::fs::write(&path, format!("# mock\nclient_id={}\nclient_secret = {secret}\n", self.said["client_id"]))
            .unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Gives a file to the user that the server of this data directory runs as.
    pub fn chown(&self, name: &str, data: &str) {
        let owner = std::fs::metadata(data).unwrap();
        chown(self.folder.join(name), Some(owner.uid()), Some(owner.gid())).unwrap();
    }

    /// The URL of the page of track 1.
    pub fn track_url(&self) -> &str {
        &self.said["track_url"]
    }

    /// Its client id and secret, as the environment of a server has them.
    pub fn environment(&self) -> [(&str, &str); 2] {
        [("SGR_SOUNDCLOUD_CLIENT_ID", self.said["client_id"].as_str()), ("SGR_SOUNDCLOUD_CLIENT_SECRET", SECRET)]
    }

    /// Settings that lead a server to it, without pauses, and then others, for `ALTER DATABASE`.
    pub fn configure(&self, client: &mut Client, settings: &[(&str, &str)]) {
        let database: String = one(client, "SELECT quote_ident(current_database())");
        let file = self.folder.join("credentials");
        let own = [
            ("api_url", self.said["api_url"].as_str()),
            ("token_url", self.said["token_url"].as_str()),
            ("credentials_file", file.to_str().unwrap()),
            ("rate", "1000"),
            ("burst", "1000"),
            ("retry_delay", "2ms"),
            ("daily_requests", "1000000"),
        ];
        for (name, value) in own.iter().chain(settings) {
            client
                .batch_execute(&format!("ALTER DATABASE {database} SET sgr_graph.soundcloud_{name} = '{value}'"))
                .unwrap();
        }
    }

    /// What was asked so far.
    pub fn log(&self) -> Vec<Line> {
        let text = std::fs::read_to_string(self.folder.join("requests.log")).unwrap();
        // The last line may be half there.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole
            .lines()
            .map(|line| {
                let mut parts = line.splitn(5, '\t');
                let mut part = || parts.next().unwrap().to_owned();
                let (at, method, fate, target) = (part().parse().unwrap(), part(), part(), part());
                Line { at, method, fate, target, reset: parts.next().map(|reset| reset.parse().unwrap()) }
            })
            .collect()
    }

    /// How often each call was answered as it should be.
    pub fn answered(&self) -> BTreeMap<String, u32> {
        let mut times = BTreeMap::new();
        for line in self.log().into_iter().filter(|line| line.method == "GET" && line.fate == "answered") {
            *times.entry(line.target).or_default() += 1;
        }
        times
    }

    /// Puts what can be reached from track 1 into tables of schema `truth`, and makes the extension anew without a row.
    pub fn tell_truth(&self, client: &mut Client) {
        let Size { tracks, playlists, users } = self.size;
        client
            .batch_execute(&format!("SELECT sgr_demo_load({tracks}, {playlists}, {users}, {SEED}, {SCENES})"))
            .unwrap();
        client.batch_execute(TRUTH).unwrap();
        client.batch_execute("DROP EXTENSION sgr_graph CASCADE; CREATE EXTENSION sgr_graph").unwrap();
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn unique() -> usize {
    static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
}

/// The program: what `SGR_SOUNDCLOUD_MOCK` names (scripts/test.sh), else built here.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(path) = std::env::var_os("SGR_SOUNDCLOUD_MOCK") {
            return path.into();
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["build", "--quiet", "--release", "--package", "sgr_soundcloud_mock"])
            .current_dir(&root)
            .status()
            .unwrap();
        assert!(status.success(), "the mock cannot be built");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        target.join("release/soundcloud-mock")
    })
}

/// The service has one namespace of users, in which artist `a` is user 1,000,000 + `a`; private playlists and what others
/// play are not to be seen.
const TRUTH: &str = r"
    CREATE SCHEMA truth;
    CREATE TABLE truth.edges AS
        SELECT 'track' AS kind, t.track_id AS id, 'user' AS to_kind, 1000000 + t.artist_id AS to_id FROM sgr.tracks AS t
        UNION SELECT 'user', 1000000 + t.artist_id, 'track', t.track_id FROM sgr.tracks AS t
        UNION SELECT 'track', i.track_id, 'user', i.user_id FROM sgr.interactions AS i WHERE i.kind IN ('like', 'repost')
        UNION SELECT 'user', i.user_id, 'track', i.track_id FROM sgr.interactions AS i WHERE i.kind IN ('like', 'repost')
        UNION SELECT 'playlist', p.playlist_id, 'user', p.owner_id FROM sgr.playlists AS p WHERE p.is_public
        UNION SELECT 'user', p.owner_id, 'playlist', p.playlist_id FROM sgr.playlists AS p WHERE p.is_public
        UNION SELECT 'playlist', p.playlist_id, 'track', e.track_id
            FROM sgr.playlists AS p JOIN sgr.playlist_tracks AS e USING (playlist_id) WHERE p.is_public;
    DELETE FROM truth.edges WHERE id IS NULL OR to_id IS NULL;
    CREATE TABLE truth.known AS
        WITH RECURSIVE known (kind, id) AS (
            SELECT 'track', 1::bigint
            UNION SELECT e.to_kind, e.to_id FROM known AS k JOIN truth.edges AS e USING (kind, id))
        SELECT * FROM known;
    CREATE FUNCTION truth.trimmed(text) RETURNS text LANGUAGE sql IMMUTABLE AS
        $$ SELECT nullif(regexp_replace($1, '^\s+|\s+$', '', 'g'), '') $$;
    CREATE FUNCTION truth.trimmed(tags text[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
        SELECT array_agg(u.tag ORDER BY u.place) FROM (
            SELECT truth.trimmed(t.tag) AS tag, min(t.place) AS place
            FROM unnest(tags) WITH ORDINALITY AS t (tag, place) WHERE truth.trimmed(t.tag) IS NOT NULL GROUP BY 1) AS u $$;
    CREATE TABLE truth.tracks AS SELECT t.* FROM sgr.tracks AS t JOIN truth.known AS k ON k.kind = 'track' AND k.id = t.track_id;
    CREATE TABLE truth.playlists AS
        SELECT p.* FROM sgr.playlists AS p JOIN truth.known AS k ON k.kind = 'playlist' AND k.id = p.playlist_id;
    CREATE TABLE truth.entries AS
        SELECT e.playlist_id, array_agg(e.track_id ORDER BY e.position) AS tracks
        FROM sgr.playlist_tracks AS e JOIN truth.playlists USING (playlist_id) GROUP BY 1;
    CREATE TABLE truth.interactions AS
        SELECT i.user_id, i.track_id, i.kind FROM sgr.interactions AS i JOIN truth.known AS k ON k.kind = 'user' AND k.id = i.user_id
        WHERE i.kind IN ('like', 'repost');
    CREATE TABLE truth.accounts AS
        SELECT a.* FROM (
            SELECT 1000000 + a.artist_id AS id, a.name, a.permalink_url, a.city, a.country_code, a.followers_count FROM sgr.artists AS a
            UNION ALL SELECT u.user_id, u.name, u.permalink_url, u.city, u.country_code, u.followers_count FROM sgr.users AS u) AS a
        JOIN truth.known AS k ON k.kind = 'user' AND k.id = a.id;";

/// What differs between the catalogue and the truth, as text; nothing, it is to be hoped.
pub fn differences(client: &mut Client) -> Vec<String> {
    let pairs = [
        (
            "tracks",
            "SELECT t.track_id, t.urn, t.artist_id, t.title, t.genre, t.tags, t.permalink_url, t.duration_ms, t.label, t.isrc, t.bpm,
                    t.key_signature, t.released_on, t.created_at, t.playback_count, t.likes_count, t.reposts_count,
                    t.comment_count FROM sgr.tracks AS t",
            "SELECT t.track_id, t.urn, 1000000 + t.artist_id, truth.trimmed(t.title), truth.trimmed(t.genre), truth.trimmed(t.tags),
                    t.permalink_url, t.duration_ms, truth.trimmed(t.label), t.isrc, t.bpm, t.key_signature, t.released_on,
                    t.created_at, t.playback_count, t.likes_count, t.reposts_count, t.comment_count FROM truth.tracks AS t",
        ),
        (
            "playlists",
            "SELECT p.playlist_id, p.owner_id, p.title, p.is_album, p.tags, p.permalink_url, p.created_at, p.modified_at,
                    p.track_count, p.likes_count FROM sgr.playlists AS p",
            "SELECT p.playlist_id, p.owner_id, truth.trimmed(p.title), p.is_album, truth.trimmed(p.tags), p.permalink_url, p.created_at,
                    p.modified_at, p.track_count, p.likes_count FROM truth.playlists AS p",
        ),
        (
            "entries",
            "SELECT e.playlist_id, array_agg(e.track_id ORDER BY e.position) FROM sgr.playlist_tracks AS e GROUP BY 1",
            "SELECT e.playlist_id, e.tracks FROM truth.entries AS e",
        ),
        (
            "interactions",
            "SELECT i.user_id, i.track_id, i.kind::text FROM sgr.interactions AS i",
            "SELECT i.user_id, i.track_id, i.kind::text FROM truth.interactions AS i",
        ),
        (
            "accounts",
            "SELECT a.artist_id, a.name, a.permalink_url, a.city, a.country_code, a.followers_count FROM sgr.artists AS a
             UNION SELECT u.user_id, u.name, u.permalink_url, u.city, u.country_code, u.followers_count FROM sgr.users AS u",
            "SELECT a.id, truth.trimmed(a.name), a.permalink_url, a.city, a.country_code, a.followers_count FROM truth.accounts AS a",
        ),
    ];
    let mut found = Vec::new();
    for (what, is, should) in pairs {
        let sql = format!(
            "(SELECT 'too much', r::text FROM (({is}) EXCEPT ALL ({should})) AS r LIMIT 3)
             UNION ALL (SELECT 'missing', r::text FROM (({should}) EXCEPT ALL ({is})) AS r LIMIT 3)"
        );
        for row in client.query(&sql, &[]).unwrap_or_else(|error| panic!("{what}: {error:?}")) {
            found.push(format!("{what}: {} {}", row.get::<_, String>(0), row.get::<_, String>(1)));
        }
    }
    found
}
