//! Where and how SoundCloud is asked: the administrator's, for a server or a database.

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use sgr_engine::soundcloud::{DEFAULT_BASE_DELAY, DEFAULT_BURST, DEFAULT_DAILY_REQUESTS, DEFAULT_RATE};
use sgr_http::{DEFAULT_CONNECT_TIMEOUT, DEFAULT_TIMEOUT};
use std::ffi::CString;
use std::time::Duration;

static CREDENTIALS_FILE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static API_URL: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c"https://api.soundcloud.com/"));
static TOKEN_URL: GucSetting<Option<CString>> =
    GucSetting::<Option<CString>>::new(Some(c"https://secure.soundcloud.com/oauth/token"));
static USER_AGENT: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static PROXY: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static CA_FILE: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static CONNECT_TIMEOUT_MS: GucSetting<i32> = GucSetting::<i32>::new(DEFAULT_CONNECT_TIMEOUT.as_millis() as i32);
static TIMEOUT_MS: GucSetting<i32> = GucSetting::<i32>::new(DEFAULT_TIMEOUT.as_millis() as i32);
static RATE: GucSetting<f64> = GucSetting::<f64>::new(DEFAULT_RATE);
static BURST: GucSetting<i32> = GucSetting::<i32>::new(DEFAULT_BURST as i32);
static DAILY_REQUESTS: GucSetting<i32> = GucSetting::<i32>::new(DEFAULT_DAILY_REQUESTS as i32);
static RETRY_DELAY_MS: GucSetting<i32> = GucSetting::<i32>::new((DEFAULT_BASE_DELAY / 1000) as i32);

/// Longest time-out and pause, in milliseconds.
const HOUR_MS: i32 = 3_600_000;

/// A copy of the settings: helper threads may not look at the originals.
pub struct SoundcloudSettings {
    pub credentials_file: Option<String>,
    pub api_url: String,
    pub token_url: String,
    pub user_agent: Option<String>,
    pub proxy: Option<String>,
    pub ca_file: Option<String>,
    pub connect_timeout: Duration,
    pub timeout: Duration,
    /// Requests per second.
    pub rate: f64,
    pub burst: u32,
    pub daily_requests: u32,
    pub retry_delay: Duration,
}

pub(super) fn init() {
    init_places();
    init_limits();
}

fn text(
    name: &'static std::ffi::CStr,
    short: &'static std::ffi::CStr,
    long: &'static std::ffi::CStr,
    setting: &'static GucSetting<Option<CString>>,
    flags: GucFlags,
) {
    GucRegistry::define_string_guc(name, short, long, setting, GucContext::Suset, flags);
}

fn init_places() {
    text(
        c"sgr_graph.soundcloud_credentials_file",
        c"Sets the file with the client id and secret of your SoundCloud application",
        c"A file of the server with lines client_id=... and client_secret=..., readable by the server's user alone. Empty takes the environment variables SGR_SOUNDCLOUD_CLIENT_ID and SGR_SOUNDCLOUD_CLIENT_SECRET of the server.",
        &CREDENTIALS_FILE,
        GucFlags::SUPERUSER_ONLY,
    );
    text(
        c"sgr_graph.soundcloud_api_url",
        c"Sets the base URL of the SoundCloud API",
        c"Requests and redirects go to its scheme, host and port and nowhere else.",
        &API_URL,
        GucFlags::default(),
    );
    text(
        c"sgr_graph.soundcloud_token_url",
        c"Sets the URL that gives tokens for the SoundCloud API",
        c"Nothing but the client id and secret is sent there.",
        &TOKEN_URL,
        GucFlags::default(),
    );
    text(
        c"sgr_graph.soundcloud_user_agent",
        c"Sets how the crawler calls itself",
        c"The header User-Agent, in printable ASCII. Empty is sgr_graph and its version.",
        &USER_AGENT,
        GucFlags::default(),
    );
    text(
        c"sgr_graph.soundcloud_proxy",
        c"Sets the proxy for requests to SoundCloud",
        c"http://host:port, without a password. Empty connects directly; the environment is not looked at.",
        &PROXY,
        GucFlags::default(),
    );
    text(
        c"sgr_graph.soundcloud_ca_file",
        c"Sets a file of certificates to trust for requests to SoundCloud",
        c"A file of the server in PEM format, in place of the built-in certificates of Mozilla.",
        &CA_FILE,
        GucFlags::default(),
    );
}

fn init_limits() {
    GucRegistry::define_int_guc(
        c"sgr_graph.soundcloud_connect_timeout",
        c"Sets how long a connection to SoundCloud may take to be made",
        c"In milliseconds.",
        &CONNECT_TIMEOUT_MS,
        1,
        HOUR_MS,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.soundcloud_timeout",
        c"Sets how long a request to SoundCloud and its answer may take",
        c"In milliseconds.",
        &TIMEOUT_MS,
        1,
        HOUR_MS,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_float_guc(
        c"sgr_graph.soundcloud_rate",
        c"Sets how many requests per second go to SoundCloud",
        c"Over a longer time; soundcloud_burst may follow each other without a pause. All crawls of a server with one client id share it.",
        &RATE,
        0.001,
        1000.0,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.soundcloud_burst",
        c"Sets how many requests to SoundCloud may follow each other without a pause",
        c"After a time of rest.",
        &BURST,
        1,
        1000,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.soundcloud_daily_requests",
        c"Sets how many requests a day go to SoundCloud",
        c"Per database and client id, tokens and repeated attempts included; the day begins at midnight UTC.",
        &DAILY_REQUESTS,
        1,
        i32::MAX,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.soundcloud_retry_delay",
        c"Sets the pause after a first failure of a request to SoundCloud",
        c"In milliseconds. Each further one of the same request is twice as long, half of it at random, up to five minutes.",
        &RETRY_DELAY_MS,
        1,
        HOUR_MS,
        GucContext::Suset,
        GucFlags::UNIT_MS,
    );
}

/// The settings that are called `sgr_graph.soundcloud_…`.
pub fn soundcloud() -> SoundcloudSettings {
    let text = |setting: &GucSetting<Option<CString>>| {
        setting.get().map(|text| text.to_string_lossy().trim().to_owned()).filter(|text| !text.is_empty())
    };
    let milliseconds = |setting: &GucSetting<i32>| Duration::from_millis(setting.get().max(1) as u64);
    SoundcloudSettings {
        credentials_file: text(&CREDENTIALS_FILE),
        api_url: text(&API_URL).unwrap_or_default(),
        token_url: text(&TOKEN_URL).unwrap_or_default(),
        user_agent: text(&USER_AGENT),
        proxy: text(&PROXY),
        ca_file: text(&CA_FILE),
        connect_timeout: milliseconds(&CONNECT_TIMEOUT_MS),
        timeout: milliseconds(&TIMEOUT_MS),
        rate: RATE.get(),
        burst: BURST.get().max(1) as u32,
        daily_requests: DAILY_REQUESTS.get().max(1) as u32,
        retry_delay: milliseconds(&RETRY_DELAY_MS),
    }
}
