//! Files of triples: what is exported is what the tables hold, whoever reads it, and comes back as it was.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::{Client, Row};
use sgr_server_tests::database::{one, sqlstate};
use sgr_server_tests::files::{Folder, python};
use sgr_server_tests::{Database, data, tell};
use std::collections::BTreeSet;
use std::process::Command;

/// A graph with names that files have trouble with; `ARRAY[kind, key]` each.
const ODD_NAMES: &str = r#"
    INSERT INTO sgr.entities (kind, key) VALUES
        ('track', '1'), ('track', 'a b'), ('artist', 'name:Sigur Rós'), ('tag', E'tab\there'), ('tag', E'line\nend'),
        ('tag', E'car\rriage'), ('tag', 'back\slash'), ('tag', '\N'), ('tag', '\t'), ('genre', '🎧 ''n'' "quotes"'),
        ('label', ' blank '), ('date', '2024-02-29'), ('user', '-9223372036854775808'), ('playlist', '0:0'),
        ('entity', 'plain'), ('entity', 'track:1'), ('entity', 'entity:track:1'), ('entity', 'entity:x'),
        ('entity', ':'), ('entity', 'track:'), ('entity', 'mood:happy'), ('tag', repeat('long ', 399));
    INSERT INTO sgr.triple_sources (stage, source) VALUES ('tracks.tags', 'demo'), ('playlist_tracks', E'my\ttable'), ('import', 'x:y');
    INSERT INTO sgr.triples (head, tail, relation, weight, source, run_id)
    SELECT h.entity_id, t.entity_id, r.relation_id, (ARRAY[1, 0.1, 1e-45, 0.33333334])[1 + (h.entity_id + r.relation_id) % 4],
           s.source_id, 1
    FROM sgr.entities AS h, sgr.entities AS t, sgr.relations AS r, sgr.triple_sources AS s
    WHERE (h.entity_id + 3 * t.entity_id + r.relation_id) % 3 = s.source_id % 3"#;

/// Every triple of a graph with its names, kinds apart; the source as files have it.
fn triples(client: &mut Client, graph: &str) -> Vec<String> {
    let rows = client
        .query(
            "SELECT concat_ws('|', h.kind, h.key, r.relation, t.kind, t.key, encode(float4send(x.weight), 'hex'),
                    CASE s.stage WHEN 'import' THEN s.source ELSE s.stage || ':' || s.source END)
             FROM sgr.triples AS x
             JOIN sgr.relations AS r ON r.relation_id = x.relation
             JOIN sgr.graphs AS g ON g.graph_id = r.graph_id
             JOIN sgr.entities AS h ON h.entity_id = x.head
             JOIN sgr.entities AS t ON t.entity_id = x.tail
             JOIN sgr.triple_sources AS s ON s.source_id = x.source
             WHERE g.graph = $1",
            &[&graph],
        )
        .unwrap();
    let mut lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    lines.sort_unstable();
    lines
}

fn export(client: &mut Client, path: &str, graph: &str) -> Row {
    client.query_one("SELECT * FROM sgr_triples_export($1, graph => $2)", &[&path, &graph]).unwrap()
}

/// What an import of a file counted.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    triples: i64,
    inserted: i64,
    duplicates: i64,
    entities: i64,
    relations: i64,
    rejected: i64,
}

impl From<Row> for Counts {
    fn from(row: Row) -> Self {
        Counts {
            triples: row.get("triples"),
            inserted: row.get("inserted"),
            duplicates: row.get("duplicates"),
            entities: row.get("entities"),
            relations: row.get("relations"),
            rejected: row.get("rejected"),
        }
    }
}

fn import(client: &mut Client, path: &str, graph: &str) -> Counts {
    client.query_one("SELECT * FROM sgr_triples_import($1, graph => $2)", &[&path, &graph]).unwrap().into()
}

#[test]
fn an_export_comes_back_as_it_was() {
    let (database, folder) = (Database::create("round_trip"), Folder::create("round_trip"));
    let client = &mut database.connect();
    client.batch_execute(ODD_NAMES).unwrap();
    let original = triples(client, "catalogue");
    assert!(original.len() > 2_000, "{}", original.len());
    for format in ["parquet", "tsv"] {
        let path = folder.file(&format!("out.{format}"));
        let done = export(client, &path, "catalogue");
        assert_eq!(done.get::<_, String>("file"), path);
        assert_eq!(done.get::<_, String>("file_format"), format);
        assert_eq!(done.get::<_, i64>("triples"), original.len() as i64);
        assert_eq!(done.get::<_, i64>("bytes"), std::fs::metadata(&path).unwrap().len() as i64);
        let counts = import(client, &path, format);
        let wanted = Counts {
            triples: original.len() as i64,
            inserted: original.len() as i64,
            duplicates: 0,
            entities: 22,
            relations: 13,
            rejected: 0,
        };
        assert_eq!(counts, wanted, "{format}");
        assert_eq!(triples(client, format), original, "{format}");
        // Again: nothing changes, and it says so. Into a graph that is emptied first: the same as at first.
        assert_eq!(import(client, &path, format), Counts { inserted: 0, duplicates: wanted.triples, ..wanted });
        let again: Counts = client
            .query_one("SELECT * FROM sgr_triples_import($1, graph => $2, replace => true)", &[&path, &format])
            .unwrap()
            .into();
        assert_eq!((again.inserted, again.duplicates), (original.len() as i64, 0), "{format}");
        assert_eq!(triples(client, format), original, "{format}");
        // The copy's own export has the same lines.
        let second = folder.file("second.tsv");
        export(client, &second, format);
        export(client, &folder.file("first.tsv"), "catalogue");
        let lines = |name: &str| -> BTreeSet<String> {
            std::fs::read_to_string(folder.file(name)).unwrap().lines().map(str::to_owned).collect()
        };
        assert_eq!(lines("second.tsv"), lines("first.tsv"), "{format}");
    }
    assert_eq!(triples(client, "catalogue"), original, "the catalogue's graph was not touched");
    // A run for each, and the triples name theirs.
    let runs: i64 = one(client, "SELECT count(*) FROM sgr.runs WHERE task IN ('triples_export', 'triples_import')");
    assert_eq!(runs, 12);
    let named: bool = one(
        client,
        "SELECT bool_and(n.task = 'triples_import' AND (n.result->>'inserted')::bigint > 0 AND n.elapsed_ms > 0)
         FROM sgr.triples AS x JOIN sgr.relations AS r ON r.relation_id = x.relation AND r.graph_id > 0
         JOIN sgr.runs AS n USING (run_id)",
    );
    assert!(named);
    let dropped: i64 = one(client, "SELECT sgr_graph_drop('tsv')");
    assert_eq!(dropped, original.len() as i64);
    assert_eq!(triples(client, "parquet"), original, "the other graph was not touched");
    let left: i64 = one(client, "SELECT count(*) FROM sgr.graphs NATURAL JOIN sgr.entities WHERE graph = 'tsv'");
    assert_eq!(left, 0);
}

#[test]
fn duckdb_and_pyarrow_read_the_rows_of_the_table() {
    let (database, folder) = (Database::create("readers"), Folder::create("readers"));
    let client = &mut database.connect();
    client.batch_execute(ODD_NAMES).unwrap();
    // More than one row group.
    client
        .batch_execute(
            "INSERT INTO sgr.entities (kind, key) SELECT 'track', (1000 + n)::text FROM generate_series(1, 30000) AS n;
             INSERT INTO sgr.triples (head, tail, relation, weight, source, run_id)
             SELECT 100 + n % 29000, 50 + n / 29000, 5, 1.0 / (1 + n % 100), 1, 1 FROM generate_series(1, 299999) AS n",
        )
        .unwrap();
    let path = folder.file("out.parquet");
    let done = export(client, &path, "catalogue");
    let rows = client
        .query(
            "SELECT concat_ws(' ', encode(convert_to(CASE WHEN h.kind <> 'entity' OR h.key IN ('track:1', 'entity:track:1') THEN h.kind || ':' ELSE '' END || h.key, 'UTF8'), 'hex'),
                    encode(convert_to(r.relation, 'UTF8'), 'hex'),
                    encode(convert_to(CASE WHEN t.kind <> 'entity' OR t.key IN ('track:1', 'entity:track:1') THEN t.kind || ':' ELSE '' END || t.key, 'UTF8'), 'hex'),
                    encode(float4send(x.weight), 'hex'),
                    encode(convert_to(CASE s.stage WHEN 'import' THEN s.source ELSE s.stage || ':' || s.source END, 'UTF8'), 'hex'))
             FROM sgr.triples AS x
             JOIN sgr.relations AS r ON r.relation_id = x.relation
             JOIN sgr.entities AS h ON h.entity_id = x.head
             JOIN sgr.entities AS t ON t.entity_id = x.tail
             JOIN sgr.triple_sources AS s ON s.source_id = x.source",
            &[],
        )
        .unwrap();
    let mut wanted: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    wanted.sort_unstable();
    assert_eq!(done.get::<_, i64>("triples"), wanted.len() as i64);
    for (reader, schema) in [
        (
            "duckdb",
            "[('head', 'VARCHAR'), ('relation', 'VARCHAR'), ('tail', 'VARCHAR'), ('weight', 'FLOAT'), ('source', 'VARCHAR')]",
        ),
        (
            "pyarrow",
            "[('head', 'string', False), ('relation', 'string', False), ('tail', 'string', False), ('weight', 'float', False), ('source', 'string', False)] 2",
        ),
    ] {
        let Some((printed, columns)) = python("read_triples.py", &[reader, &path]) else { return };
        assert_eq!(columns.trim(), schema, "{reader}");
        let mut found: Vec<&str> = printed.lines().collect();
        found.sort_unstable();
        assert!(found == wanted, "{reader}: {} rows, {} in the table", found.len(), wanted.len());
        tell!("{reader} reads {} triples, the same as the table has", found.len());
    }
}

#[test]
fn files_of_other_programs_are_read() {
    let (database, folder) = (Database::create("writers"), Folder::create("writers"));
    let client = &mut database.connect();
    if python("write_triples.py", &[folder.path().to_str().unwrap()]).is_none() {
        return;
    }
    for name in ["plain", "lz4", "duckdb", "dictionaries"] {
        let path = folder.file(&format!("{name}.parquet"));
        // Rejected: a head that is NULL, a weight of 7.
        let wanted = Counts { triples: 3, inserted: 3, duplicates: 0, entities: 4, relations: 2, rejected: 2 };
        assert_eq!(import(client, &path, name), wanted, "{name}");
        let source = if name == "dictionaries" { "s" } else { &path };
        let mut expected = [
            format!("entity|a|likes|entity|b\t|3f000000|{source}"),
            format!("entity|b\t|likes|entity|a|3f800000|{source}"),
            format!("track|1|has_tag|tag|hip hop|3f800000|{source}"),
        ];
        expected.sort();
        assert_eq!(triples(client, name), expected, "{name}");
    }
    let zstd = folder.file("zstd.parquet");
    let error = client.query("SELECT sgr_triples_import($1, graph => 'zstd')", &[&zstd]).unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!((error.code().code(), error.message()), ("22P04", format!("cannot read file \"{zstd}\"").as_str()));
    assert!(error.detail().unwrap().contains("compressed with ZSTD"), "{error:?}");
}

/// The three columns of a benchmark's file, ends of lines taken off.
fn columns(text: &str) -> Vec<Vec<&str>> {
    text.lines().map(|line| line.trim_end_matches('\r').split('\t').collect()).collect()
}

/// Imports a benchmark's files into one graph and compares with a plain reading of them.
fn benchmark(
    client: &mut Client,
    folder: &Folder,
    graph: &str,
    files: &[(&str, i64)],
    entities: usize,
    relations: usize,
) {
    let (mut names, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    let texts: Vec<String> =
        files.iter().map(|(name, _)| std::fs::read_to_string(folder.file(name)).unwrap()).collect();
    let (mut all, mut lines) = (BTreeSet::new(), 0);
    for ((file, count), text) in files.iter().zip(&texts) {
        let rows = columns(text);
        assert_eq!(rows.len() as i64, *count, "{file}");
        lines += rows.len();
        let new = rows.iter().filter(|row| all.insert((*row).clone())).count() as i64;
        let own: BTreeSet<&str> = rows.iter().flat_map(|row| [row[0], row[2]]).collect();
        let own_relations: BTreeSet<&str> = rows.iter().map(|row| row[1]).collect();
        let wanted = Counts {
            triples: *count,
            inserted: new,
            duplicates: count - new,
            entities: own.len() as i64,
            relations: own_relations.len() as i64,
            rejected: 0,
        };
        assert_eq!(import(client, &folder.file(file), graph), wanted, "{graph} {file}");
        names.extend(own);
        kinds.extend(own_relations);
    }
    assert_eq!((names.len(), kinds.len()), (entities, relations), "{graph}");
    // Without statistics the planner takes the tables for small.
    client.batch_execute("ANALYZE sgr.entities, sgr.relations, sgr.triples").unwrap();
    let stored = client
        .query(
            "SELECT h.key, r.relation, t.key
             FROM sgr.triples AS x
             JOIN sgr.relations AS r ON r.relation_id = x.relation
             JOIN sgr.graphs AS g ON g.graph_id = r.graph_id AND g.graph = $1
             JOIN sgr.entities AS h ON h.entity_id = x.head AND h.kind = 'entity' AND h.graph_id = g.graph_id
             JOIN sgr.entities AS t ON t.entity_id = x.tail AND t.kind = 'entity' AND t.graph_id = g.graph_id",
            &[&graph],
        )
        .unwrap();
    let stored: BTreeSet<Vec<&str>> =
        stored.iter().map(|row| (0..3).map(|at| row.get::<_, &str>(at)).collect()).collect();
    assert!(stored == all, "{graph}: {} triples stored, {} in the files", stored.len(), all.len());
    let counted = client
        .query_one(
            "SELECT (SELECT count(*) FROM sgr.entities WHERE graph_id = g.graph_id),
                    (SELECT count(*) FROM sgr.relations WHERE graph_id = g.graph_id)
             FROM sgr.graphs AS g WHERE graph = $1",
            &[&graph],
        )
        .unwrap();
    assert_eq!((counted.get::<_, i64>(0), counted.get::<_, i64>(1)), (entities as i64, relations as i64), "{graph}");
    tell!("{graph}: {lines} lines, {} triples, {entities} entities, {relations} relations", all.len());
}

#[test]
fn benchmarks_keep_their_published_counts() {
    let (database, folder) = (Database::create("benchmarks"), Folder::create("benchmarks"));
    let client = &mut database.connect();
    if let Some(data) = data::folder("kge_fb15k_237") {
        // Its lines end in CRLF: read as they stand, there would be 27,395 entities.
        let unpacked = Command::new("tar")
            .args(["-xzf", data.join("FB15k-237.tar.gz").to_str().unwrap(), "--no-same-owner", "-C"])
            .arg(folder.path())
            .status()
            .unwrap();
        assert!(unpacked.success());
        for name in ["train.txt", "valid.txt", "test.txt"] {
            let text = std::fs::read(folder.file(name)).unwrap();
            folder.write(name, text);
        }
        let files = [("train.txt", 272_115), ("valid.txt", 17_535), ("test.txt", 20_466)];
        benchmark(client, &folder, "FB15k-237", &files, 14_541, 237);
    }
    if let Some(data) = data::folder("kge_codex_s") {
        for name in ["train.txt", "valid.txt", "test.txt"] {
            folder.write(name, std::fs::read(data.join(name)).unwrap());
        }
        let files = [("train.txt", 32_888), ("valid.txt", 1_827), ("test.txt", 1_828)];
        benchmark(client, &folder, "CoDEx-S", &files, 2_034, 42);
    }
    if let Some(data) = data::folder("kge_small") {
        for (graph, count, entities, relations) in
            [("kinships", 8_544, 104, 25), ("umls", 5_216, 135, 46), ("nations", 1_592, 14, 55)]
        {
            let name = format!("{graph}.train.txt");
            folder.write(&name, std::fs::read(data.join(&name)).unwrap());
            benchmark(client, &folder, graph, &[(&name, count)], entities, relations);
        }
    }
    let catalogue: i64 = one(client, "SELECT count(*) FROM sgr.entities WHERE graph_id = 0");
    assert_eq!(catalogue, 0, "benchmarks do not mix with the catalogue");
}

#[test]
fn lines_are_loaded_or_quarantined() {
    let (database, folder) = (Database::create("quarantine"), Folder::create("quarantine"));
    let client = &mut database.connect();
    let mut text = b"a\tr\tb\nno tabs\na\tr\tb\n\t\t\nx\tr\t\xff\xfe\n\nz\0\tr\tb\nc\tr\td".to_vec();
    text.extend_from_slice(b"\n");
    text.extend_from_slice(&vec![b'y'; 3 << 20]);
    let path = folder.write("mixed.txt", &text);
    let wanted = Counts { triples: 3, inserted: 2, duplicates: 1, entities: 4, relations: 1, rejected: 5 };
    assert_eq!(import(client, &path, "mixed"), wanted);
    let rows = client
        .query(
            "SELECT line_number, reason, body FROM sgr.quarantine
             WHERE stage = 'import' AND whole AND source = $1 ORDER BY line_number",
            &[&path],
        )
        .unwrap();
    let rows: Vec<(i64, &str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect();
    let long = "y".repeat(4000);
    assert_eq!(
        rows,
        [
            (2, "columns", "no tabs"),
            (4, "empty_name", "\t\t"),
            (5, "not_utf8", "x\tr\t\u{fffd}\u{fffd}"),
            (7, "nul_character", "z\u{fffd}\tr\tb"),
            (9, "too_large", long.as_str()),
        ]
    );
    let empty = folder.write("empty.tsv", "");
    let nothing = Counts { triples: 0, inserted: 0, duplicates: 0, entities: 0, relations: 0, rejected: 0 };
    assert_eq!(import(client, &empty, "empty"), nothing);
    // A heading alone, and a graph without triples: both formats.
    for format in ["parquet", "tsv"] {
        let path = folder.file(&format!("nothing.{format}"));
        assert_eq!(export(client, &path, "empty").get::<_, i64>("triples"), 0);
        assert_eq!(import(client, &path, "empty"), nothing, "{format}");
    }
}

#[test]
fn relations_are_imported_by_their_column_names() {
    let database = Database::create("relation");
    let client = &mut database.connect();
    client
        .batch_execute(
            "CREATE SCHEMA \"My app\";
             CREATE TABLE \"My app\".\"Edges\" (weight numeric, tail varchar, head text, relation name, other int);
             INSERT INTO \"My app\".\"Edges\" VALUES
                 (0.5, 'b', 'a', 'r', 1), (NULL, 'c', 'a', 'r', 2), (0.7, 'b', 'a', 'r', 3), (2, 'd', 'a', 'r', 4),
                 (0.1, NULL, 'a', 'r', 5);
             CREATE VIEW ids AS SELECT 1 AS head, 'knows' AS relation, 2::bigint AS tail, 'mine'::text AS source;
             CREATE TABLE lacking (head text, tail text);
             CREATE SEQUENCE numbers",
        )
        .unwrap();
    let import = |client: &mut Client, relation: &str| -> Counts {
        let sql = format!("SELECT * FROM sgr_triples_import(relation => '{relation}', graph => 'app')");
        client.query_one(&sql, &[]).unwrap().into()
    };
    let wanted = Counts { triples: 3, inserted: 2, duplicates: 1, entities: 3, relations: 1, rejected: 2 };
    assert_eq!(import(client, "\"My app\".\"Edges\""), wanted);
    let wanted = Counts { triples: 1, inserted: 1, duplicates: 0, entities: 2, relations: 1, rejected: 0 };
    assert_eq!(import(client, "ids"), wanted);
    assert_eq!(
        triples(client, "app"),
        [
            // The first of two stands.
            "entity|1|knows|entity|2|3f800000|mine",
            "entity|a|r|entity|b|3f000000|\"My app\".\"Edges\"",
            "entity|a|r|entity|c|3f800000|\"My app\".\"Edges\"",
        ]
    );
    let quarantined: String = one(
        client,
        "SELECT string_agg(concat_ws('|', source, line_number, reason, body), ' ' ORDER BY line_number) FROM sgr.quarantine",
    );
    assert_eq!(
        quarantined,
        "\"My app\".\"Edges\"|4|bad_weight|a\tr\td\t2\t \"My app\".\"Edges\"|5|empty_name|a\tr\t\t0.1\t"
    );
    for (relation, code) in [("lacking", "42703"), ("numbers", "42P01"), ("nobody", "42P01")] {
        let sql = format!("SELECT sgr_triples_import(relation => '{relation}', graph => 'app')");
        assert_eq!(sqlstate(client, &sql), code, "{relation}");
    }
    client.batch_execute("CREATE VIEW broken AS SELECT 'a' AS head, 'r' AS relation, 'b' AS tail, (1 / (other - 3))::real AS weight FROM \"My app\".\"Edges\"").unwrap();
    assert_eq!(sqlstate(client, "SELECT sgr_triples_import(relation => 'broken', graph => 'app')"), "22012");
}
