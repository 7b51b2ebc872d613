//! The background worker as the place that a crawl runs in: clock, pauses, tables, progress.

use super::{milliseconds_until, now, things, usage};
use crate::error::{Error, Result};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::worker::{self, Job, Status};
use sgr_engine::soundcloud::{Crawl, CrawlCounts, CrawledDocument, DailyBudget, Micros, WaitReason};
use sgr_http::Host;
use std::borrow::Cow;

/// The longest sleep, in milliseconds: then the clock is looked at again, which may have been set.
const LONGEST_PAUSE: i64 = 60_000;
/// Pauses under this are not worth a word, in milliseconds.
const NOTABLE_PAUSE: i64 = 2_000;

/// A job that crawls.
pub struct Worker<'a> {
    job: &'a Job,
    app: i64,
    daily_requests: u32,
    counts: CrawlCounts,
    left: u32,
    /// The end of the longest pause that is stored.
    held: Micros,
}

impl<'a> Worker<'a> {
    pub fn new(job: &'a Job, app: i64, daily_requests: u32, counts: CrawlCounts) -> Self {
        Self { job, app, daily_requests, counts, left: daily_requests, held: 0 }
    }

    fn report(&self, doing: &str) {
        worker::report(Status {
            phase: "crawling".to_owned(),
            rows_done: Some(u64::from(self.counts.documents)),
            message: format!("{}; {} requests left today{doing}", summary(&self.counts), self.left),
            ..Status::default()
        });
    }
}

/// What came so far, for people.
pub fn summary(counts: &CrawlCounts) -> String {
    let CrawlCounts { requests, stored, documents, tracks, playlists, users, .. } = counts;
    let known = format!("{tracks} tracks, {playlists} playlists and {users} users");
    match stored {
        0 => format!("{requests} pages asked for, {documents} documents of {known}"),
        _ => {
            format!("{requests} pages asked for, {stored} taken from what is stored, {documents} documents of {known}")
        }
    }
}

impl Host for Worker<'_> {
    type Error = Error;

    fn now(&mut self) -> Micros {
        now()
    }

    fn pause(&mut self, until: Micros, reason: &WaitReason) -> Result<()> {
        let length = milliseconds_until(until, now());
        if length >= NOTABLE_PAUSE {
            let why = match reason {
                WaitReason::Bucket => "for its turn".to_owned(),
                WaitReason::DailyBudget => "for the next day: the requests of this one are used up".to_owned(),
                WaitReason::RateLimit(Some(limit)) => format!("because of SoundCloud's rate limit \"{limit}\""),
                WaitReason::RateLimit(None) => "because of SoundCloud's rate limit".to_owned(),
                WaitReason::Backoff { attempt, failure } => format!("after failure {attempt}: {failure}"),
                WaitReason::Breaker { failures } => format!("after {failures} failures one after the other"),
                WaitReason::Held => "for the end of a rate limit or of failures that an earlier crawl met".to_owned(),
            };
            self.report(&format!("; waits {} s {why}", length / 1000));
        }
        // Before the pause: a cancel or kill in it must not let the next attempt ask earlier.
        if matches!(reason, WaitReason::RateLimit(_) | WaitReason::Breaker { .. }) && until > self.held {
            let app = self.app;
            self.job.step(|| usage::hold(app, until))?;
            self.held = until;
        }
        worker::pause(length.clamp(1, LONGEST_PAUSE));
        Ok(())
    }

    fn stored(&mut self, source: &str, since: Micros) -> Result<Option<String>> {
        self.job.step(|| {
            let mut body = None;
            let args = [Arg::Text(source), Arg::Big(since)];
            spi::select_fresh(include_str!("../../sql/queries/document_stored.sql"), &Sources::NONE, &args, |row| {
                body = row.text(0).map(Cow::into_owned);
                Ok(())
            })?;
            Ok(body)
        })
    }

    fn sending(&mut self, budget: &DailyBudget) -> Result<()> {
        self.left = budget.left(self.daily_requests, now());
        let (app, job) = (self.app, self.job);
        job.step(|| usage::save(app, budget))
    }

    fn store(&mut self, documents: &[CrawledDocument], crawl: &mut Crawl, _budget: &DailyBudget) -> Result<()> {
        let state = crawl.state()?;
        let changed = crawl.take_changed();
        let sources: Vec<Option<String>> = documents.iter().map(|document| Some(document.source.clone())).collect();
        let bodies: Vec<Option<String>> = documents.iter().map(|document| Some(document.body.clone())).collect();
        let times: Vec<i64> = documents.iter().map(|document| document.fetched_at).collect();
        let job = self.job;
        job.step(|| {
            // Documents first: an import may hold them up, and a job whose row is locked cannot be cancelled. If the job was taken
            // away, all of it is rolled back.
            if !documents.is_empty() {
                let args = [Arg::Texts(&sources), Arg::Texts(&bodies), Arg::Bigs(&times)];
                spi::execute(include_str!("../../sql/queries/documents_crawled.sql"), &Sources::NONE, &args)?;
            }
            things::save(job.job_id, &changed)?;
            job.save(&state)
        })?;
        self.counts = crawl.counts();
        self.report("");
        Ok(())
    }
}
