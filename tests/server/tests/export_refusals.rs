//! Files of triples that cannot be written or read, or not to the end: what is said, and that nothing is left behind.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::database::{one, sqlstate};
use sgr_server_tests::files::Folder;
use sgr_server_tests::{Database, tell};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A small graph in the catalogue's place.
const SMALL: &str = "
    INSERT INTO sgr.entities (kind, key) SELECT 'track', n::text FROM generate_series(1, 1000) AS n;
    INSERT INTO sgr.triple_sources (stage, source) VALUES ('tracks.tags', 'demo');
    INSERT INTO sgr.triples (head, tail, relation, weight, source, run_id)
    SELECT n, 1 + (n * 7) % 1000, 12, 0.5, 1, 1 FROM generate_series(1, 1000) AS n";

/// One that takes a second or two to write.
const LARGE: &str = "
    ALTER TABLE sgr.triples DROP CONSTRAINT triples_pkey; DROP INDEX sgr.triples_tail_idx;
    INSERT INTO sgr.entities (kind, key) SELECT 'track', n::text FROM generate_series(1, 200000) AS n;
    INSERT INTO sgr.triple_sources (stage, source) VALUES ('tracks.tags', 'demo');
    INSERT INTO sgr.triples (head, tail, relation, weight, source, run_id)
    SELECT 1 + n % 200000, 1 + (n::bigint * 7919) % 200000, 12, 1.0 / (1 + n % 1000), 1, 1
    FROM generate_series(1, 3000000) AS n;
    CHECKPOINT";

#[test]
fn every_refusal_has_its_sqlstate_and_leaves_nothing() {
    let (database, folder) = (Database::create("refusals"), Folder::create("refusals"));
    let client = &mut database.connect();
    client.batch_execute(SMALL).unwrap();
    let (tsv, text) = (folder.write("good.tsv", "a\tr\tb\n"), folder.write("text.parquet", "a\tr\tb\n"));
    let (parquet, locked) = (folder.file("out.parquet"), folder.file("locked"));
    client.query("SELECT sgr_triples_export($1)", &[&parquet]).unwrap();
    let whole = std::fs::read(&parquet).unwrap();
    let short = folder.write("short.parquet", &whole[..whole.len() / 2]);
    std::fs::create_dir(folder.file("inner")).unwrap();
    let made = Command::new("mkfifo").arg(folder.file("pipe")).status().unwrap();
    assert!(made.success());
    std::fs::create_dir(&locked).unwrap();
    folder.write("locked/secret.tsv", "a\tr\tb\n");
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o000)).unwrap();
    folder.write("mine.tsv", "not the server's");
    std::fs::set_permissions(folder.file("mine.tsv"), PermissionsExt::from_mode(0o444)).unwrap();
    std::os::unix::fs::symlink(folder.file("nowhere/x"), folder.file("dangling.tsv")).unwrap();
    let before = folder.names();
    let path = folder.path().to_str().unwrap();

    let export = |arguments: &str| format!("SELECT sgr_triples_export({arguments})");
    let import = |arguments: &str| format!("SELECT sgr_triples_import({arguments})");
    let cases = [
        (export("NULL"), "22004"),
        (export(&format!("'{path}/a.tsv', graph => NULL")), "22004"),
        (export(&format!("'{path}/a.tsv', graph => 'nobody'")), "42704"),
        (export(&format!("'{path}/a.csv'")), "22023"),
        (export(&format!("'{path}/a'")), "22023"),
        (export(&format!("'{path}/a.tsv', 'csv'")), "22023"),
        (export(&format!("'{path}/a.tsv', 'TSV'")), "22023"),
        (export("'a.tsv'"), "22023"),
        (export("''"), "22023"),
        (export("'', 'tsv'"), "22023"),
        (export(&format!("'{path}', 'tsv'")), "42809"),
        (export(&format!("'{path}/', 'tsv'")), "42809"),
        (export("'/', 'tsv'"), "42809"),
        (export(&format!("'{path}/inner', 'tsv'")), "42809"),
        (export(&format!("'{path}/pipe', 'tsv'")), "42809"),
        (export("'/dev/full', 'tsv'"), "42809"),
        (export(&format!("'{path}/good.tsv/x.tsv'")), "42809"),
        (export(&format!("'{path}/new.tsv/', 'tsv'")), "42809"),
        (export(&format!("'{path}/nowhere/a.tsv'")), "58P01"),
        (export(&format!("'{path}/dangling.tsv'")), "58P01"),
        (export(&format!("'{path}/locked/a.tsv'")), "42501"),
        (export(&format!("'{path}/mine.tsv'")), "42501"),
        (export(&format!("'{path}/{}.tsv'", "x".repeat(300))), "22023"),
        (import(&format!("'{tsv}'")), "22004"),
        (import("graph => 'x'"), "22023"),
        (import(&format!("'{tsv}', 'pg_class', 'x'")), "22023"),
        (import(&format!("'{tsv}', graph => 'catalogue'")), "22023"),
        (import(&format!("'{tsv}', graph => ''")), "22023"),
        (import(&format!("'{tsv}', graph => 'x', replace => NULL")), "22004"),
        (import(&format!("'{tsv}', graph => 'x', format => 'csv'")), "22023"),
        (import(&format!("'{tsv}', graph => 'x', format => 'parquet'")), "22P04"),
        (import(&format!("'{parquet}', graph => 'x', format => 'tsv'")), "22P04"),
        (import(&format!("'{text}', graph => 'x'")), "22P04"),
        (import(&format!("'{short}', graph => 'x'")), "22P04"),
        (import("'good.tsv', graph => 'x'"), "22023"),
        (import(&format!("'{path}/nobody.tsv', graph => 'x'")), "58P01"),
        (import(&format!("'{path}', graph => 'x', format => 'tsv'")), "42809"),
        (import(&format!("'{path}/pipe', graph => 'x', format => 'tsv'")), "42809"),
        (import("'/dev/zero', graph => 'x', format => 'tsv'"), "42809"),
        (import(&format!("'{path}/locked/secret.tsv', graph => 'x'")), "42501"),
        ("SELECT sgr_graph_drop(NULL)".to_owned(), "22004"),
        ("SELECT sgr_graph_drop('catalogue')".to_owned(), "22023"),
        ("SELECT sgr_graph_drop('nobody')".to_owned(), "42704"),
        (format!("BEGIN READ ONLY; {}", export(&format!("'{path}/a.tsv'"))), "25006"),
    ];
    for (sql, code) in cases {
        assert_eq!(sqlstate(client, &sql), code, "{sql}");
        let _ = client.batch_execute("ROLLBACK");
        assert_eq!(folder.names(), before, "{sql}");
    }
    let kept = std::fs::read_to_string(folder.file("mine.tsv")).unwrap();
    assert_eq!(kept, "not the server's");
    let graphs: String = one(client, "SELECT string_agg(graph, ' ') FROM sgr.graphs");
    assert_eq!(graphs, "catalogue", "a refused import makes no graph");
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o755)).unwrap();
}

#[test]
fn files_are_replaced_and_links_followed() {
    let (database, folder) = (Database::create("replaced"), Folder::create("replaced"));
    let client = &mut database.connect();
    client.batch_execute(SMALL).unwrap();
    let path = folder.file("out.tsv");
    let mode = |path: &str| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    client.query("SELECT sgr_triples_export($1)", &[&path]).unwrap();
    assert_eq!(mode(&path), 0o644);
    let small = std::fs::read(&path).unwrap();
    assert_eq!(small.iter().filter(|&&byte| byte == b'\n').count(), 1001);

    // One that is there keeps its rights, and whoever has it open keeps reading the old one.
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
    let mut open = std::fs::File::open(&path).unwrap();
    client.batch_execute("DELETE FROM sgr.triples WHERE head > 10").unwrap();
    client.query("SELECT sgr_triples_export($1)", &[&path]).unwrap();
    assert_eq!(mode(&path), 0o666);
    let mut old = Vec::new();
    std::io::Read::read_to_end(&mut open, &mut old).unwrap();
    assert_eq!(old, small);
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 11);

    let link = folder.file("link.tsv");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    client.batch_execute("DELETE FROM sgr.triples WHERE head > 5").unwrap();
    client.query("SELECT sgr_triples_export($1)", &[&link]).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 6);
    assert_eq!(folder.names(), ["link.tsv", "out.tsv"]);
}

#[test]
fn rights_are_those_of_copy_and_of_the_tables() {
    let (database, folder) = (Database::create("rights"), Folder::create("rights"));
    let client = &mut database.connect();
    client.batch_execute(SMALL).unwrap();
    let role = format!("sgr_files_{}", std::process::id());
    let (out, tsv) = (folder.file("out.parquet"), folder.write("in.tsv", "a\tr\tb\n"));
    let export = format!("SELECT sgr_triples_export('{out}')");
    let import = format!("SELECT sgr_triples_import('{tsv}', graph => 'x')");
    let relation = "SELECT sgr_triples_import(relation => 'edges', graph => 'x')";
    let create = format!(
        "CREATE ROLE {role}; GRANT USAGE ON SCHEMA sgr TO {role};
         CREATE TABLE edges AS SELECT 'a' AS head, 'r' AS relation, 'b' AS tail"
    );
    client.batch_execute(&create).unwrap();
    let attempt = |client: &mut Client, sql: &str| -> String {
        client.batch_execute(&format!("SET ROLE {role}")).unwrap();
        let result = client.batch_execute(sql);
        client.batch_execute("RESET ROLE").unwrap();
        match result {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                let error = error.as_db_error().unwrap();
                format!("{} {}", error.code().code(), error.message())
            }
        }
    };
    let files = "42501 permission denied for files of the server";
    assert_eq!(attempt(client, &export), files);
    assert_eq!(attempt(client, &import), files);
    client.batch_execute(&format!("GRANT pg_write_server_files TO {role}")).unwrap();
    assert_eq!(attempt(client, &import), files, "writing is not reading");
    assert_eq!(attempt(client, &export), "42501 permission denied for table runs");
    client.batch_execute(&format!("GRANT SELECT, INSERT ON sgr.runs TO {role}")).unwrap();
    for table in ["graphs", "relations", "triple_sources", "entities", "triples"] {
        assert_eq!(attempt(client, &export), format!("42501 permission denied for table {table}"));
        client.batch_execute(&format!("GRANT SELECT ON sgr.{table} TO {role}")).unwrap();
    }
    assert_eq!(folder.names(), ["in.tsv"]);
    assert_eq!(attempt(client, &export), "ok");
    assert_eq!(folder.names(), ["in.tsv", "out.parquet"]);

    client
        .batch_execute(&format!("REVOKE pg_write_server_files FROM {role}; GRANT pg_read_server_files TO {role}"))
        .unwrap();
    assert_eq!(attempt(client, &export), files);
    assert_eq!(attempt(client, &import), "42501 permission denied for table graphs");
    for grant in
        ["INSERT ON sgr.graphs, sgr.relations, sgr.triple_sources, sgr.entities, sgr.triples", "UPDATE ON sgr.runs"]
    {
        client.batch_execute(&format!("GRANT {grant} TO {role}")).unwrap();
    }
    // The rows that path search reads are written with the triples.
    assert_eq!(attempt(client, &import), "42501 permission denied for table adjacency_state");
    let grant = "SELECT, INSERT, UPDATE, DELETE ON sgr.adjacency, sgr.adjacency_state";
    client.batch_execute(&format!("GRANT {grant} TO {role}")).unwrap();
    assert_eq!(attempt(client, &import), "ok");
    // A relation needs no right on files, but one on itself.
    client.batch_execute(&format!("REVOKE pg_read_server_files FROM {role}")).unwrap();
    assert_eq!(attempt(client, relation), "42501 permission denied for table edges");
    client.batch_execute(&format!("GRANT SELECT ON edges TO {role}")).unwrap();
    assert_eq!(attempt(client, relation), "ok");
    // The models of a graph go with it, and first.
    assert_eq!(attempt(client, "SELECT sgr_graph_drop('x')"), "42501 permission denied for table models");
    client.batch_execute(&format!("GRANT SELECT, DELETE ON sgr.models TO {role}")).unwrap();
    assert_eq!(attempt(client, "SELECT sgr_graph_drop('x')"), "42501 permission denied for table triples");
    client.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).unwrap();
}

#[test]
fn triples_without_their_entities_are_left_out_with_a_warning() {
    let (database, folder) = (Database::create("left_out"), Folder::create("left_out"));
    let (mut client, notices) = database.connect_with_notices();
    client.batch_execute(SMALL).unwrap();
    client.batch_execute("DELETE FROM sgr.entities WHERE entity_id = 8").unwrap();
    let path = folder.file("out.tsv");
    let done = client.query_one("SELECT * FROM sgr_triples_export($1)", &[&path]).unwrap();
    assert_eq!(done.get::<_, i64>("triples"), 998);
    let texts = notices.texts();
    assert!(texts.iter().any(|text| text.starts_with("2 triples were left out")), "{texts:?}");
    let noted: String = one(&mut client, "SELECT result->>'left_out' FROM sgr.runs");
    assert_eq!(noted, "2");
}

#[test]
fn names_beyond_the_memory_limit_are_refused_with_the_numbers() {
    let (database, folder) = (Database::create("memory"), Folder::create("memory"));
    let client = &mut database.connect();
    client
        .batch_execute(
            "INSERT INTO sgr.entities (kind, key) SELECT 'track', n::text FROM generate_series(1, 60000) AS n",
        )
        .unwrap();
    let text: String = (0..60_000).map(|n| format!("head {n}\tr\ttail {n}\n")).collect();
    let (out, tsv) = (folder.file("out.tsv"), folder.write("in.tsv", text));
    client.batch_execute("SET sgr_graph.memory_limit = '1MB'").unwrap();
    for sql in
        [format!("SELECT sgr_triples_export('{out}')"), format!("SELECT sgr_triples_import('{tsv}', graph => 'x')")]
    {
        let error = client.batch_execute(&sql).unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "53000", "{error:?}");
        assert!(error.detail().unwrap().ends_with("sgr_graph.memory_limit is 1 MB"), "{error:?}");
    }
    assert_eq!(folder.names(), ["in.tsv"]);
}

/// A file system of one megabyte, where root may make one.
struct SmallDisk(String);

impl SmallDisk {
    fn mount(folder: &Folder) -> Option<Self> {
        let path = folder.file("disk");
        std::fs::create_dir(&path).unwrap();
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m,mode=0777", "tmpfs", &path]).output();
        mount.is_ok_and(|output| output.status.success()).then_some(SmallDisk(path))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

/// Writing stops in the middle because there is no room: on a tmpfs of 1 MB if the test may mount one, else because the
/// backend may not write files of more than 20 MB, which the server hears as "file too large".
#[test]
fn a_full_disk_leaves_the_old_file_and_no_other() {
    let (database, folder) = (Database::create("disk"), Folder::create("disk"));
    let client = &mut database.connect();
    client.batch_execute(LARGE).unwrap();
    let disk = SmallDisk::mount(&folder);
    let place = match &disk {
        Some(disk) => {
            tell!("full disk: a tmpfs of 1 MB");
            disk.0.clone()
        }
        None => {
            let pid: i32 = one(client, "SELECT pg_backend_pid()");
            let limit = ["--pid", &pid.to_string(), "--fsize=20000000"];
            let limited = Command::new("prlimit").args(limit).status().unwrap();
            assert!(limited.success(), "neither mount nor prlimit can be used here");
            tell!("full disk: a limit of 20 MB on files of the backend");
            folder.path().to_str().unwrap().to_owned()
        }
    };
    for format in ["tsv", "parquet"] {
        let path = format!("{place}/out.{format}");
        std::fs::write(&path, "the old one").unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666)).unwrap();
        let sql = format!("SELECT sgr_triples_export('{path}')");
        let error = client.batch_execute(&sql).unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "53100", "{error:?}");
        assert!(error.message().starts_with(&format!("could not write file \"{path}\": ")), "{error:?}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "the old one");
    }
    let hidden = |folder: &str| {
        let names = std::fs::read_dir(Path::new(folder)).unwrap();
        names.filter(|name| name.as_ref().unwrap().file_name().to_str().unwrap().starts_with('.')).count()
    };
    assert_eq!(hidden(&place), 0);
    let runs: i64 = one(client, "SELECT count(*) FROM sgr.runs");
    assert_eq!(runs, 0);
    // The same session goes on working.
    let small = "DELETE FROM sgr.triples WHERE head > 10";
    client.batch_execute(small).unwrap();
    client.batch_execute(&format!("SELECT sgr_triples_export('{place}/out.tsv')")).unwrap();
}

#[test]
fn interrupted_exports_and_imports_leave_nothing() {
    let (database, folder) = (Database::create("interrupted"), Folder::create("interrupted"));
    let (mut client, mut other) = (database.connect(), database.connect());
    client.batch_execute(LARGE).unwrap();
    let input = folder.file("in.tsv");
    client.batch_execute(&format!("SELECT sgr_triples_export('{input}')")).unwrap();
    let mut worst = Duration::ZERO;
    for (what, sql) in [
        ("parquet", format!("SELECT sgr_triples_export('{}')", folder.file("out.parquet"))),
        ("tsv", format!("SELECT sgr_triples_export('{}')", folder.file("out.tsv"))),
        ("import", format!("SELECT sgr_triples_import('{input}', graph => 'copy')")),
    ] {
        if what == "import" {
            client
                .batch_execute("TRUNCATE sgr.triples; ALTER TABLE sgr.triples ADD PRIMARY KEY (head, relation, tail)")
                .unwrap();
        }
        if what != "import" {
            folder.write(&format!("out.{what}"), "the old one");
            std::fs::set_permissions(folder.file(&format!("out.{what}")), PermissionsExt::from_mode(0o666)).unwrap();
        }
        let names = folder.names();
        for moment in [5, 60, 150, 250, 350] {
            let pid: i32 = one(&mut client, "SELECT pg_backend_pid()");
            let (code, delay) = std::thread::scope(|scope| {
                let statement = scope.spawn(|| {
                    let result = client.batch_execute(&sql);
                    (result.map_err(|error| error.code().map(|code| code.code().to_owned())), Instant::now())
                });
                std::thread::sleep(Duration::from_millis(moment));
                let asked = Instant::now();
                let _: bool = one(&mut other, &format!("SELECT pg_cancel_backend({pid})"));
                let (result, back) = statement.join().unwrap();
                (result, back.saturating_duration_since(asked))
            });
            assert_eq!(code, Err(Some("57014".to_owned())), "{what} cancelled after {moment} ms");
            worst = worst.max(delay);
            assert_eq!(folder.names(), names, "{what} cancelled after {moment} ms");
        }
        // A session that is terminated does not unwind.
        for moment in [60, 250] {
            let mut victim = database.connect();
            let pid: i32 = one(&mut victim, "SELECT pg_backend_pid()");
            std::thread::scope(|scope| {
                let statement = scope.spawn(|| victim.batch_execute(&sql));
                std::thread::sleep(Duration::from_millis(moment));
                // It waits until the process is gone.
                let _: bool = one(&mut other, &format!("SELECT pg_terminate_backend({pid}, 10000)"));
                assert!(statement.join().unwrap().is_err(), "{what} terminated after {moment} ms");
            });
            assert_eq!(folder.names(), names, "{what} terminated after {moment} ms");
        }
        if what != "import" {
            assert_eq!(std::fs::read_to_string(folder.file(&format!("out.{what}"))).unwrap(), "the old one");
        }
    }
    let graphs: String = one(&mut client, "SELECT string_agg(graph, ' ') FROM sgr.graphs");
    assert_eq!(graphs, "catalogue");
    let entities: i64 = one(&mut client, "SELECT count(*) FROM sgr.entities WHERE graph_id > 0");
    assert_eq!(entities, 0);
    tell!("the slowest cancel took {} ms (wanted: under 250)", worst.as_millis());
    assert!(worst < Duration::from_secs(1), "{worst:?}");
}
