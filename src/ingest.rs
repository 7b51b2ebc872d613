//! `sgr_ingest_search`, `sgr_ingest_crawl`: crawls of SoundCloud as background jobs.
//!
//! A crawl is a [`Staged`] task. Its first transaction checks rights, settings and credentials. Then it asks page after page,
//! holding no transaction while it waits: the documents of a page, the crawl's state and the job's claim to them are
//! committed together before the next request. The last transaction cleans what came and says that the job has succeeded.
//! Whatever ends the worker, the next attempt goes on from the state that is stored with the last page.

mod courier;
mod credentials;
mod error;
mod host;
mod status;
mod things;
mod tokens;
mod usage;

pub use status::status;

use crate::clean;
use crate::error::{Error, Result};
use crate::rights::{self, Right};
use crate::run::{self, milliseconds};
use crate::settings::{self, SoundcloudSettings};
use crate::worker::{self, Job, Staged, Status as JobStatus};
use courier::Courier;
use credentials::Found;
use host::Worker;
use serde_json::{Value, json};
use sgr_engine::soundcloud::{Client, ClientConfig, Crawl, CrawlConfig, Endpoints, Micros, SECOND};
use sgr_http::{Transport, TransportConfig};
use std::ffi::CStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Longest file of certificates that is read.
const MAX_CA_BYTES: u64 = 16 << 20;

/// Between two looks whether another crawl with the same credentials has ended, in milliseconds.
const APP_POLL: i64 = 500;

/// What a crawl does with tables: its own, and those of the cleaning that follows it. What triggers note of changes is
/// the last two lines.
const TOUCHED: [(&CStr, &[Right]); 14] = [
    (c"raw_documents", &[Right::Select, Right::Insert, Right::Update]),
    (c"soundcloud_usage", &[Right::Select, Right::Insert, Right::Update]),
    (c"quarantine", &[Right::Select, Right::Insert, Right::Delete]),
    (c"runs", &[Right::Select, Right::Insert]),
    (c"stage_state", &[Right::Select, Right::Insert, Right::Update]),
    (c"artists", &[Right::Select, Right::Insert, Right::Update]),
    (c"users", &[Right::Select, Right::Insert, Right::Update]),
    (c"tracks", &[Right::Select, Right::Insert, Right::Update]),
    (c"playlists", &[Right::Select, Right::Insert, Right::Update]),
    (c"playlist_tracks", &[Right::Select, Right::Insert, Right::Update, Right::Delete]),
    (c"interactions", &[Right::Select, Right::Insert, Right::Update]),
    (c"follows", &[Right::Select, Right::Insert]),
    (c"cooccurrence_changes", &[Right::Insert]),
    (c"graph_changes", &[Right::Select, Right::Insert, Right::Delete]),
];

/// Crawls, if a worker calls it. `task` is the name of the task, `function` that of its function.
///
/// Errors: 42501 where the role may not fill the tables, 22023 for settings that are not possible, 55000 without
/// credentials, or outside a job.
pub fn ingest(task: &'static str, function: &'static CStr, config: CrawlConfig) -> Result<()> {
    rights::may_change(function, &TOUCHED, "crawls")?;
    if !worker::is_check() && !worker::is_staged() {
        return Err(Error::not_ready(format!("{} runs in the background only", function.to_string_lossy()))
            .detail("it commits after each page, which a function cannot do")
            .hint(format!("SELECT sgr_submit('{task}', '{{…}}') with its arguments as a JSON object")));
    }
    let prepared = Prepared::new()?;
    if worker::is_check() {
        return Ok(());
    }
    worker::put_stages(Box::new(Crawling { started: Instant::now(), task, config, prepared, crawl: None }));
    Ok(())
}

/// What is needed to ask anything: settings and credentials, looked at while there is a transaction.
struct Prepared {
    settings: SoundcloudSettings,
    endpoints: Endpoints,
    transport: Transport,
    found: Found,
    /// The application, by a number that does not tell its client id.
    app: i64,
}

impl Prepared {
    fn new() -> Result<Self> {
        let settings = settings::soundcloud();
        let endpoints = Endpoints::new(&settings.api_url, &settings.token_url).map_err(error::of_setting)?;
        let transport = transport(&settings, &endpoints)?;
        let found = credentials::find(settings.credentials_file.as_deref())?;
        let app = usage::app(&found.credentials.client_id, &endpoints);
        let prepared = Self { settings, endpoints, transport, found, app };
        // Refused now rather than when the crawl begins.
        prepared.client(0)?;
        Ok(prepared)
    }

    fn client(&self, seed: u64) -> Result<Client> {
        let settings = &self.settings;
        let mut config = ClientConfig {
            rate: settings.rate,
            burst: settings.burst,
            daily_requests: settings.daily_requests,
            base_delay: micros(settings.retry_delay),
            seed,
            ..ClientConfig::new(self.endpoints.clone())
        };
        config.max_delay = config.max_delay.max(config.base_delay);
        if let Some(user_agent) = &settings.user_agent {
            config.user_agent.clone_from(user_agent);
        }
        Client::new(config, self.found.credentials.clone()).map_err(error::of_setting)
    }
}

fn transport(settings: &SoundcloudSettings, endpoints: &Endpoints) -> Result<Transport> {
    if settings.proxy.as_deref().is_some_and(|proxy| proxy.contains('@')) {
        return Err(Error::invalid("invalid sgr_graph.soundcloud_proxy: it must not hold a password")
            .detail("settings are seen by whoever connects")
            .hint("http://host:port of a proxy that asks for none"));
    }
    let ca_certificates = match &settings.ca_file {
        None => None,
        Some(path) => Some(credentials::read("sgr_graph.soundcloud_ca_file", path, MAX_CA_BYTES)?.1),
    };
    let config = TransportConfig {
        connect_timeout: settings.connect_timeout,
        timeout: settings.timeout,
        proxy: settings.proxy.clone(),
        ca_certificates,
    };
    Transport::new(endpoints, &config).map_err(error::of_transport)
}

/// A crawl between its stages.
struct Crawling {
    started: Instant,
    task: &'static str,
    config: CrawlConfig,
    prepared: Prepared,
    crawl: Option<Crawl>,
}

impl Staged for Crawling {
    fn compute(&mut self, job: &Job) -> Result<()> {
        let app = self.prepared.app;
        worker::phase("waiting for another crawl");
        while !job.step(|| Ok(worker::hold_app(app)))? {
            worker::pause(APP_POLL);
        }
        worker::phase("crawling");
        let mut crawl = self.begin_or_go_on(job)?;
        let mut client = self.prepared.client(now() as u64 ^ job.job_id as u64)?;
        job.step(|| usage::restore(app, &mut client, now()))?;
        let mut client = tokens::Kept::new(client, &self.prepared);
        // What another process sent a moment ago is not known: the bucket is taken for empty.
        client.empty_bucket(now());
        let mut courier = Courier::start(self.prepared.transport.clone())?;
        let mut host = Worker::new(job, app, self.prepared.settings.daily_requests, crawl.counts());
        let crawled = sgr_http::crawl(&mut crawl, &mut client, &mut courier, &mut host);
        if crawled.is_err()
            && let Some(until) = client.hold_until(now())
        {
            // What ended the crawl is the error to tell, and may be why this cannot be stored.
            let _ = job.step(|| usage::hold(app, until));
        }
        crawled?;
        self.crawl = Some(crawl);
        Ok(())
    }

    fn store(&mut self) -> Result<Value> {
        let Some(crawl) = &self.crawl else { return Err(Error::not_ready("nothing was crawled")) };
        let counts = crawl.counts();
        let cleaned = clean::clean(None, None)?;
        let written: i64 = (cleaned.outcomes.iter())
            .filter(|outcome| !matches!(outcome.what, "documents" | "objects" | "fields"))
            .map(|outcome| outcome.inserted + outcome.updated)
            .sum();
        let warnings: Vec<String> =
            crawl.warnings().iter().map(|warning| format!("{}: {}", warning.call, warning.message)).collect();
        let mut result = json!({
            "requests": counts.requests, "stored_pages": counts.stored, "documents": counts.documents,
            "tracks": counts.tracks, "playlists": counts.playlists, "users": counts.users,
            "rows_cleaned": written, "warnings": counts.warnings, "first_warnings": warnings,
        });
        let parameters = serde_json::to_value(&self.config).unwrap_or_default();
        result["run_id"] = run::note(self.task, &parameters, &result, milliseconds(self.started))?.into();
        worker::report(JobStatus {
            phase: "done".to_owned(),
            rows_done: Some(u64::from(counts.documents)),
            message: host::summary(&counts),
            ..JobStatus::default()
        });
        Ok(json!([result]))
    }
}

impl Crawling {
    /// The crawl that an earlier attempt left, if it was one of the same arguments.
    fn begin_or_go_on(&self, job: &Job) -> Result<Crawl> {
        job.step(|| {
            if let Some(state) = job.checkpoint()?
                && let Ok(crawl) = Crawl::restore(&state, things::read(job.job_id)?)
                && crawl.config() == &self.config
            {
                return Ok(crawl);
            }
            things::forget(job.job_id)?;
            Ok(Crawl::new(self.config.clone())?)
        })
    }
}

/// The time.
fn now() -> Micros {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros)
}

fn micros(time: Duration) -> Micros {
    Micros::try_from(time.as_micros()).unwrap_or(Micros::MAX)
}

/// Milliseconds from `from` to `until`, rounded up.
fn milliseconds_until(until: Micros, from: Micros) -> i64 {
    until.saturating_sub(from).max(0).saturating_add(SECOND / 1000 - 1) / (SECOND / 1000)
}
