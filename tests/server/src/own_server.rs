//! A server of a test's own, for what would disturb the other tests: crashes, stops, settings that need a restart.
//!
//! It is started and ended through `scripts/server.sh run`: it goes when its standard input closes, so also when the test
//! is killed. It needs no `PGHOST`.

use crate::database::connect_to;
use postgres::{Client, Config, NoTls};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A running server.
pub struct OwnServer {
    script: Child,
    config: Config,
    data: String,
    programs: String,
    user: String,
}

impl OwnServer {
    /// Starts one with settings, each as `name=value`.
    pub fn start(settings: &[&str]) -> Self {
        Self::start_in(&[], settings)
    }

    /// Starts one with variables of its environment and with settings.
    pub fn start_in(environment: &[(&str, &str)], settings: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/server.sh");
        let mut script = Command::new(script)
            .arg("run")
            .envs(environment.iter().copied())
            .args(settings.iter().flat_map(|setting| ["--conf", setting]))
            .args(["--", "sh", "-c"])
            .arg(
                r#"printf '%s\n' "$PGHOST" "$PGPORT" "$PGUSER" "$SGR_SERVER_DATA" "$SGR_SERVER_BIN" "$SGR_SERVER_USER"
                exec cat"#,
            )
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(script.stdout.take().unwrap()).lines();
        let mut line = || lines.next().expect("scripts/server.sh starts a server").unwrap();
        let mut config = Config::new();
        config.host(&line()).port(line().parse().unwrap()).user(&line()).dbname("postgres");
        let (data, programs, user) = (line(), line(), line());
        OwnServer { script, config, data, programs, user }
    }

    /// How to connect to its database `postgres`.
    pub fn config(&self) -> Config {
        self.config.clone()
    }

    /// Its data directory; the log lies beside it.
    pub fn data(&self) -> &str {
        &self.data
    }

    /// What it has written to its log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(format!("{}/../server.log", self.data)).unwrap()
    }

    /// A program of the server (`pg_dumpall`), aimed at it.
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(format!("{}/{name}", self.programs));
        let Some(postgres::config::Host::Unix(host)) = self.config.get_hosts().first().cloned() else {
            panic!("it listens on a unix socket")
        };
        command.env("PGHOST", host).env("PGPORT", self.config.get_ports()[0].to_string()).env("PGUSER", "postgres");
        command
    }

    /// A new session.
    pub fn connect(&self) -> Client {
        connect_to(&self.config)
    }

    /// Connects as soon as the server accepts connections again.
    pub fn reconnect(&self) -> Client {
        let started = Instant::now();
        loop {
            if let Ok(mut client) = self.config.connect(NoTls)
                && client.batch_execute("SELECT 1").is_ok()
            {
                return client;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "the server does not come back");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// `pg_ctl stop`, and how long it took.
    pub fn stop(&self, mode: &str) -> Duration {
        let started = Instant::now();
        self.pg_ctl(&["stop", "--wait", "--timeout", "60", "--mode", mode]);
        started.elapsed()
    }

    /// `pg_ctl start`, after [`OwnServer::stop`].
    pub fn start_again(&self) {
        self.pg_ctl(&["start", "--wait", "--timeout", "60", "--log", &format!("{}/../server.log", self.data)]);
    }

    fn pg_ctl(&self, arguments: &[&str]) {
        let program = format!("{}/pg_ctl", self.programs);
        let mut command = if std::env::var("USER").as_deref() == Ok(&self.user) {
            Command::new(&program)
        } else {
            let mut command = Command::new("runuser");
            command.args(["-u", &self.user, "--", &program]);
            command
        };
        let status = command
            .args(["--silent", "--pgdata", &self.data])
            .args(arguments)
            .current_dir(&self.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "pg_ctl {arguments:?}: {status}");
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        drop(self.script.stdin.take());
        let _ = self.script.wait();
    }
}
