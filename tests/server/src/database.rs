//! A database per test, and what tests do with connections.

use postgres::{Client, Config, NoTls};
use std::io::Write;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Tests of one binary that use the server at the same time: more would only fight for its cores.
const AT_ONCE: usize = 2;

static BUSY: Mutex<usize> = Mutex::new(0);
static LEFT: Condvar = Condvar::new();
static NUMBER: AtomicUsize = AtomicUsize::new(0);

/// How to reach the server.
///
/// # Panics
/// Without `PGHOST`: the tests never pass by doing nothing.
pub fn server() -> Config {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let Some(host) = variable("PGHOST") else {
        panic!(
            "these tests need a PostgreSQL server with sgr_graph installed, and PGHOST is not set: run\n    \
             scripts/test.sh server\nor\n    scripts/server.sh run -- cargo test -p sgr_server_tests"
        );
    };
    let mut config = Config::new();
    config.host(&host).user(variable("PGUSER").as_deref().unwrap_or("postgres")).dbname("postgres");
    if let Some(port) = variable("PGPORT") {
        config.port(port.parse().unwrap());
    }
    config.application_name("sgr_server_tests");
    config
}

/// Connects, with a readable panic.
pub fn connect_to(config: &Config) -> Client {
    config.connect(NoTls).unwrap_or_else(|error| panic!("cannot connect: {error:?}"))
}

/// Messages that the server sent beside its answers.
#[derive(Clone, Default)]
pub struct Notices(Arc<Mutex<Vec<String>>>);

impl Notices {
    /// All of them so far.
    pub fn texts(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// One of the places that [`AT_ONCE`] allows.
struct Place;

impl Place {
    fn take() -> Self {
        let mut busy = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
        while *busy >= AT_ONCE {
            busy = LEFT.wait(busy).unwrap_or_else(PoisonError::into_inner);
        }
        *busy += 1;
        Place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        *BUSY.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        LEFT.notify_one();
    }
}

/// A database that lives as long as this value.
pub struct Database {
    name: String,
    server: Config,
    _place: Option<Place>,
}

impl Database {
    /// Makes a database with the extension in it. Waits while other tests have theirs.
    pub fn create(label: &str) -> Self {
        let database = Self::create_empty(label);
        database.connect().batch_execute("CREATE EXTENSION sgr_graph").unwrap();
        database
    }

    /// Makes a database without the extension.
    pub fn create_empty(label: &str) -> Self {
        let place = Place::take();
        let mut database = Self::create_beside(label, &server());
        database._place = Some(place);
        database
    }

    /// Makes a database on any server, or a second one for the same test.
    pub fn create_beside(label: &str, server: &Config) -> Self {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("sgr_{label}_{}_{number}", std::process::id());
        connect_to(server).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        Database { name, server: server.clone(), _place: None }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to connect to it.
    pub fn config(&self) -> Config {
        let mut config = self.server.clone();
        config.dbname(&self.name);
        config
    }

    /// A new session.
    pub fn connect(&self) -> Client {
        connect_to(&self.config())
    }

    /// A new session whose NOTICEs are kept.
    pub fn connect_with_notices(&self) -> (Client, Notices) {
        let notices = Notices::default();
        let kept = notices.clone();
        let mut config = self.config();
        config.notice_callback(move |notice| {
            kept.0.lock().unwrap_or_else(PoisonError::into_inner).push(notice.message().to_owned());
        });
        (connect_to(&config), notices)
    }

    /// A program of the server (`psql`, `pg_dump`), aimed at this database.
    pub fn program(&self, name: &str) -> Command {
        let path = match std::env::var("SGR_SERVER_BIN") {
            Ok(folder) => format!("{folder}/{name}"),
            Err(_) => name.to_owned(),
        };
        let mut command = Command::new(path);
        command.env("PGDATABASE", &self.name);
        command
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The server may be gone; that is another test's finding.
        if let Ok(mut client) = self.server.connect(NoTls) {
            let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// A value of a COPY column.
pub type Field = Option<String>;

/// A field from anything that shows itself.
pub fn field(value: impl ToString) -> Field {
    Some(value.to_string())
}

/// The text form of a `text[]`.
pub fn array_field<T: AsRef<str>>(values: &[T]) -> Field {
    let quoted: Vec<String> = values
        .iter()
        .map(|value| format!("\"{}\"", value.as_ref().replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    Some(format!("{{{}}}", quoted.join(",")))
}

/// `COPY target FROM STDIN`; returns the number of rows.
pub fn copy(client: &mut Client, target: &str, rows: impl IntoIterator<Item = Vec<Field>>) -> u64 {
    let mut writer = client.copy_in(&format!("COPY {target} FROM STDIN")).unwrap();
    let mut line = String::new();
    for row in rows {
        line.clear();
        for (i, value) in row.iter().enumerate() {
            if i > 0 {
                line.push('\t');
            }
            match value {
                None => line.push_str("\\N"),
                Some(text) => {
                    for c in text.chars() {
                        match c {
                            '\\' => line.push_str("\\\\"),
                            '\t' => line.push_str("\\t"),
                            '\n' => line.push_str("\\n"),
                            '\r' => line.push_str("\\r"),
                            c => line.push(c),
                        }
                    }
                }
            }
        }
        line.push('\n');
        writer.write_all(line.as_bytes()).unwrap();
    }
    writer.finish().unwrap()
}

/// The first column of the first row of a query.
pub fn one<T: for<'a> postgres::types::FromSql<'a>>(client: &mut Client, sql: &str) -> T {
    client.query_one(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}")).get(0)
}

/// Waits until a query is true.
pub fn until(client: &mut Client, sql: &str) {
    let started = Instant::now();
    while !one::<bool>(client, sql) {
        assert!(started.elapsed() < Duration::from_secs(60), "this does not come true: {sql}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The SQLSTATE of a statement that must fail.
pub fn sqlstate(client: &mut Client, sql: &str) -> String {
    match client.batch_execute(sql) {
        Ok(()) => panic!("this should have failed: {sql}"),
        Err(error) => error.code().unwrap_or_else(|| panic!("{sql}: {error:?}")).code().to_owned(),
    }
}
