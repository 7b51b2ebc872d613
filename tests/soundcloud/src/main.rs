//! The mock as a program: prints its URLs and runs until it is ended.
//!
//! `soundcloud-mock [--port N] [--tracks N] [--playlists N] [--users N] [--scenes N] [--seed N] [--page-size N]
//! [--hazards all|none|a,b] [--rate-limit SECONDS] [--tls FILE] [--log FILE] [--until-eof yes]`
//!
//! `--tls` makes it speak TLS and writes the certificate to trust; `--log` writes a line per request; `--until-eof yes` ends the program when its standard input closes, so also when
//! whoever started it is killed.

use sgr_engine::demo::{DemoConfig, generate};
use sgr_soundcloud_mock::{CLIENT_ID, CLIENT_SECRET, Hazards, Mock, MockConfig, Site};
use std::error::Error;
use std::io::Write;

const USAGE: &str = "usage: soundcloud-mock [--port N] [--tracks N] [--playlists N] [--users N] [--scenes N] [--seed N] \
                     [--page-size N] [--hazards all|none|NAME,NAME] [--rate-limit SECONDS] [--tls FILE] [--log FILE] \
                     [--until-eof yes|no]";

fn main() -> Result<(), Box<dyn Error>> {
    let mut demo = DemoConfig { tracks: 500, playlists: 200, users: 100, ..DemoConfig::default() };
    let mut config = MockConfig::default();
    let mut until_eof = false;
    let mut certificate = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or(USAGE)?;
        match name.as_str() {
            "--port" => config.port = value.parse()?,
            "--tracks" => demo.tracks = value.parse()?,
            "--playlists" => demo.playlists = value.parse()?,
            "--users" => demo.users = value.parse()?,
            "--scenes" => demo.scenes = value.parse()?,
            "--seed" => demo.seed = value.parse()?,
            "--page-size" => config.page_size = value.parse()?,
            "--hazards" => config.hazards = hazards(&value)?,
            "--rate-limit" => config.rate_limit_seconds = value.parse()?,
            "--tls" => {
                config.tls = true;
                certificate = Some(value);
            }
            "--log" => config.log_file = Some(value.into()),
            "--until-eof" => until_eof = value == "yes",
            _ => return Err(USAGE.into()),
        }
    }
    let catalogue = generate(&demo)?;
    let start = catalogue.tracks.first().map(|track| track.permalink_url.clone()).unwrap_or_default();
    let mock = Mock::start(Site::new(&catalogue), config)?;
    if let (Some(file), Some(text)) = (certificate, mock.certificate()) {
        std::fs::write(file, text)?;
    }
    let mut out = std::io::stdout();
    writeln!(out, "api_url={}", mock.api_url())?;
    writeln!(out, "token_url={}", mock.token_url())?;
    writeln!(out, "client_id={CLIENT_ID}")?;
    writeln!(out, "client_secret={CLIENT_SECRET}")?;
    writeln!(out, "track_url={start}")?;
    out.flush()?;
    if until_eof {
        std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
        return Ok(());
    }
    mock.wait();
    Ok(())
}

fn hazards(names: &str) -> Result<Hazards, String> {
    match names {
        "all" => return Ok(Hazards::ALL),
        "none" => return Ok(Hazards::default()),
        _ => {}
    }
    let mut hazards = Hazards::default();
    for name in names.split(',') {
        if !hazards.switch_on(name) {
            return Err(format!(
                "there is no hazard \"{name}\": use all, none or some of {}",
                Hazards::NAMES.join(",")
            ));
        }
    }
    Ok(hazards)
}
