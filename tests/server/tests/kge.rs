//! Embeddings: files that NumPy reads, dumps, and sessions that train, read, drop and write at the same time.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::database::{one, server, sqlstate};
use sgr_server_tests::files::{Folder, python};
use sgr_server_tests::{Database, tell};
use std::process::Stdio;
use std::time::Duration;

/// A catalogue with its graph, small enough to be trained in a second.
const LOAD: &str = "SELECT sgr_demo_load(600, 200, 150, 3); SELECT sgr_build_kg()";
/// A training that takes a second.
const TRAIN: &str = "SELECT model_id FROM sgr_kge_train(dim => 16, epochs => 3, negatives => 32, threads => 1)";
/// One that takes long.
const LONG: &str = "SELECT model_id FROM sgr_kge_train(dim => 64, epochs => 100000, threads => 1)";

/// A model's vectors by name: of its entities and relations, as hexadecimal text.
fn vectors(client: &mut Client, model_id: i64) -> Vec<String> {
    let sql = "SELECT 'e ' || e.kind || ' ' || e.key || ' ' || (SELECT string_agg(encode(float4send(x), 'hex'), '' ORDER BY nr)
                      FROM unnest(v.vector) WITH ORDINALITY AS u (x, nr))
               FROM sgr.entity_embeddings AS v JOIN sgr.entities AS e USING (entity_id) WHERE v.model_id = $1
               UNION ALL
               SELECT 'r ' || r.relation || ' ' || (SELECT string_agg(encode(float4send(x), 'hex'), '' ORDER BY nr)
                      FROM unnest(v.vector) WITH ORDINALITY AS u (x, nr))
               FROM sgr.relation_embeddings AS v JOIN sgr.relations AS r USING (relation_id) WHERE v.model_id = $1
               ORDER BY 1";
    client.query(sql, &[&model_id]).unwrap().iter().map(|row| row.get(0)).collect()
}

fn lists(client: &mut Client, model_id: i64) -> Option<String> {
    one(
        client,
        &format!(
            "SELECT md5(string_agg(track_id || ' ' || neighbours::text || round(cosines[1]::numeric, 4), ',' ORDER BY track_id))
             FROM sgr.track_neighbours WHERE model_id = {model_id}"
        ),
    )
}

#[test]
fn numpy_reads_what_was_exported_and_what_it_writes_comes_back() {
    let (database, folder) = (Database::create("npy"), Folder::create("npy"));
    let client = &mut database.connect();
    client.batch_execute(LOAD).unwrap();
    client
        .batch_execute(
            "INSERT INTO sgr.entities (kind, key) VALUES ('tag', E'tab\\there'), ('tag', E'line\\nend'), ('tag', 'back\\slash'),
                 ('tag', '🎧 ''n'' \"quotes\"'), ('entity', 'track:1');
             INSERT INTO sgr.triples (head, tail, relation, weight, source, run_id)
             SELECT h.entity_id, t.entity_id, 5, 1, 1, 1 FROM sgr.entities AS h, sgr.entities AS t
             WHERE h.kind = 'track' AND h.key = '7' AND t.entity_id > (SELECT max(entity_id) - 5 FROM sgr.entities)",
        )
        .unwrap();
    let model: i64 = one(client, TRAIN);
    let path = folder.path().to_str().unwrap();
    let done = client.query_one("SELECT * FROM sgr_embeddings_export($1, $2)", &[&model, &path]).unwrap();
    let files = ["entities.tsv", "entity.npy", "model.json", "relation.npy", "relations.tsv"];
    assert_eq!(folder.names(), files, "and nothing that is half written");
    let bytes: u64 = files.iter().map(|name| std::fs::metadata(folder.file(name)).unwrap().len()).sum();
    assert_eq!(done.get::<_, i64>("bytes"), bytes as i64);
    assert_eq!(done.get::<_, i32>("dim"), 16);
    let wanted = vectors(client, model);
    assert_eq!((done.get::<_, i64>("entities") + done.get::<_, i64>("relations")) as usize, wanted.len());

    // Back into the same graph: the same model.
    let import = "SELECT model_id FROM sgr_embeddings_import($1, name => 'copy')";
    let copy: i64 = client.query_one(import, &[&path]).unwrap().get(0);
    assert_eq!(vectors(client, copy), wanted);
    assert_eq!(lists(client, copy), lists(client, model));
    let score = |id: i64| format!("SELECT sgr_kge_score('7', 'has_tag', E'tag:tab\\there', 'fusion', {id})");
    assert_eq!(one::<f64>(client, &score(copy)), one::<f64>(client, &score(model)));
    let said: String = one(client, &format!("SELECT stopped || is_active FROM sgr_models WHERE model_id = {copy}"));
    assert_eq!(said, "importedfalse");
    assert_eq!(sqlstate(client, &format!("SELECT sgr_kge_resume({copy}, 1)")), "55000");

    // Files that cannot be used are refused with their reason.
    let refusal = |client: &mut Client, folder: &str| {
        let error = client.query("SELECT sgr_embeddings_import($1, 'transe')", &[&folder]).unwrap_err();
        let error = error.as_db_error().unwrap();
        (error.code().code().to_owned(), error.detail().unwrap_or_default().to_owned())
    };
    for (name, contents, what) in [
        ("entity.npy", &b"PK\x03\x04, no matrix"[..], "does not begin"),
        ("entities.tsv", b"track:1\n", "1 lines"),
        ("entities.tsv", b"", "0 lines"),
        ("relations.tsv", b"has_tag\nhas_tag\n", "2 lines"),
    ] {
        let broken = Folder::create("broken");
        for file in files {
            broken.write(file, std::fs::read(folder.file(file)).unwrap());
        }
        broken.write(name, contents);
        let (state, detail) = refusal(client, broken.path().to_str().unwrap());
        assert!(state == "22P04" && detail.contains(what), "{name}: {state} {detail}");
    }
    let short = Folder::create("short");
    for file in files {
        let mut contents = std::fs::read(folder.file(file)).unwrap();
        if file == "entity.npy" {
            contents.truncate(contents.len() - 3);
        }
        short.write(file, contents);
    }
    assert_eq!(refusal(client, short.path().to_str().unwrap()).0, "22P04");
    assert_eq!(refusal(client, "relative/folder").0, "22023");
    assert_eq!(refusal(client, &folder.file("nowhere")).0, "58P01");
    assert_eq!(
        sqlstate(client, &format!("SELECT sgr_embeddings_export({model}, '{}')", folder.file("nowhere"))),
        "58P01"
    );
    assert_eq!(folder.names(), files);

    let second = Folder::create("npy_copy");
    let Some((printed, _)) = python("read_embeddings.py", &[path, second.path().to_str().unwrap()]) else { return };
    let (mut found, mut what) = (Vec::new(), "");
    for line in printed.lines() {
        let fields: Vec<&str> = line.split(' ').collect();
        match fields[..] {
            [name, numbers] => {
                let bytes: Vec<u8> =
                    (0..name.len()).step_by(2).map(|at| u8::from_str_radix(&name[at..at + 2], 16).unwrap()).collect();
                let name = String::from_utf8(bytes).unwrap();
                // As the tables have it: a kind and a key.
                let name = match name.strip_prefix("entity:") {
                    Some(plain) if what == "e" => format!("entity {plain}"),
                    None if what == "e" => name.replacen(':', " ", 1),
                    _ => name,
                };
                found.push(format!("{what} {name} {numbers}"));
            }
            _ => {
                what = if line.starts_with("entity") { "e" } else { "r" };
                let rows = wanted.iter().filter(|row| row.starts_with(what)).count();
                assert!(line.ends_with(&format!(" <f4 ({rows}, 16) True {rows}")), "{line}");
            }
        }
    }
    found.sort_unstable();
    let mut sorted = wanted.clone();
    sorted.sort_unstable();
    assert_eq!(found, sorted);
    tell!("NumPy reads {} vectors, the same as the tables have", found.len());
    // In another order, and without model.json.
    let import = "SELECT model_id FROM sgr_embeddings_import($1, 'transe', activate => true)";
    let second_path = second.path().to_str().unwrap();
    assert_eq!(sqlstate(client, &format!("SELECT sgr_embeddings_import('{second_path}')")), "58P01");
    let copy: i64 = client.query_one(import, &[&second_path]).unwrap().get(0);
    assert_eq!(vectors(client, copy), wanted);
    assert_eq!(one::<i64>(client, "SELECT model_id FROM sgr_models WHERE is_active"), copy);
}

#[test]
fn a_dump_takes_the_models_along() {
    let database = Database::create("kge_dumped");
    let client = &mut database.connect();
    client.batch_execute(LOAD).unwrap();
    let model: i64 = one(client, TRAIN);
    let restored = Database::create_beside("kge_restored", &server());
    let mut dump = database.program("pg_dump").stdout(Stdio::piped()).spawn().unwrap();
    let status = restored
        .program("psql")
        .args(["-X", "--quiet", "--set", "ON_ERROR_STOP=1"])
        .stdin(dump.stdout.take().unwrap())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(dump.wait().unwrap().success() && status.success());
    let other = &mut restored.connect();
    assert_eq!(vectors(other, model), vectors(client, model));
    let answers = "SELECT string_agg(entity || is_known, ',' ORDER BY rank) FROM sgr_kge_predict('7', 'has_tag')";
    assert_eq!(one::<String>(other, answers), one::<String>(client, answers));
    // Lists are not in it, and come back.
    assert_eq!(lists(other, model), None);
    assert_eq!(one::<i64>(other, &format!("SELECT sgr_kge_neighbors_refresh({model})")), 600);
    assert_eq!(lists(other, model), lists(client, model));
    // The state of the optimiser is: on one thread both go on in the same way.
    let resume = format!("SELECT epochs_run FROM sgr_kge_resume({model}, 1, threads => 1)");
    assert_eq!((one::<i32>(other, &resume), one::<i32>(client, &resume)), (4, 4));
    assert_eq!(vectors(other, model), vectors(client, model));
    assert_eq!(one::<i64>(other, TRAIN), model + 1, "the sequence goes on");
}

#[test]
fn sessions_train_read_drop_and_write_at_the_same_time() {
    let database = Database::create("kge_sessions");
    let client = &mut database.connect();
    client.batch_execute(LOAD).unwrap();

    // Two at once: both end, one of the two is active.
    let ids: Vec<i64> = std::thread::scope(|scope| {
        let train = || {
            let mut client = database.connect();
            scope.spawn(move || one::<i64>(&mut client, TRAIN))
        };
        let trainings: Vec<_> = (0..3).map(|_| train()).collect();
        trainings.into_iter().map(|training| training.join().unwrap()).collect()
    });
    let models: i64 = one(client, "SELECT count(*) FROM sgr_models");
    let active: i64 = one(client, "SELECT count(*) FROM sgr_models WHERE is_active");
    assert_eq!((models, active), (3, 1));
    assert!(vectors(client, ids[0]) == vectors(client, ids[1]), "one thread, one seed: the same vectors");

    // Dropped while another reads: that one sees all of it or none of it.
    let asked = one::<i64>(client, "SELECT model_id FROM sgr_models WHERE is_active");
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let mut reader = database.connect();
                scope.spawn(move || {
                    let question = format!("SELECT count(*) FROM sgr_kge_predict('7', 'has_tag', model_id => {asked})");
                    let rank = format!("SELECT count(*) FROM sgr_kge_eval({asked}, graph => 'catalogue')");
                    let mut answered = 0;
                    loop {
                        for sql in [&question, &rank] {
                            match reader.query_one(sql.as_str(), &[]) {
                                Ok(row) => {
                                    assert!(row.get::<_, i64>(0) >= 10);
                                    answered += 1;
                                }
                                Err(error) => {
                                    let state = error.code().map(postgres::error::SqlState::code);
                                    assert_eq!(state, Some("42704"), "{error:?}");
                                    return answered;
                                }
                            }
                        }
                    }
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(500));
        client.batch_execute(&format!("SELECT sgr_model_drop({asked})")).unwrap();
        for reader in readers {
            assert!(reader.join().unwrap() > 0);
        }
    });

    // Dropped while another resumes it: the drop waits, and nothing is left of it.
    let model = ids.iter().copied().find(|&id| id != asked).unwrap();
    let mut other = database.connect();
    let mut transaction = other.transaction().unwrap();
    transaction.batch_execute(&format!("SELECT sgr_kge_resume({model}, 1)")).unwrap();
    std::thread::scope(|scope| {
        let drop = scope.spawn(|| client.batch_execute(&format!("SELECT sgr_model_drop({model})")));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!drop.is_finished(), "it waits");
        transaction.commit().unwrap();
        drop.join().unwrap().unwrap();
    });
    let left = "SELECT (SELECT count(*) FROM sgr.entity_embeddings WHERE model_id = {}) + (SELECT count(*) FROM sgr.model_states WHERE model_id = {})
                     + (SELECT count(*) FROM sgr.track_neighbours WHERE model_id = {})";
    assert_eq!(one::<i64>(client, &left.replace("{}", &model.to_string())), 0);

    // Triples come and go meanwhile: it learns those of one moment.
    let before: i64 = one(client, "SELECT count(*) FROM sgr.triples");
    let learned: i64 = std::thread::scope(|scope| {
        let mut trainer = database.connect();
        let training = scope.spawn(move || {
            let sql = "SELECT triples_learned FROM sgr_kge_train(dim => 16, epochs => 20, threads => 1, validation_share => 0)";
            one::<i64>(&mut trainer, sql)
        });
        while !training.is_finished() {
            client
                .batch_execute(
                    "BEGIN; DELETE FROM sgr.triples WHERE relation = 5; COMMIT;
                     SELECT sgr_triples_refresh(mode => 'full')",
                )
                .unwrap();
        }
        training.join().unwrap()
    });
    let tags: i64 = one(client, "SELECT count(*) FROM sgr.triples WHERE relation = 5");
    assert!(learned == before || learned == before - tags, "{learned} of {before} with {tags} tags");
}

#[test]
fn progress_is_told_and_a_terminated_training_leaves_nothing() {
    let database = Database::create("kge_progress");
    let client = &mut database.connect();
    client.batch_execute(LOAD).unwrap();
    let (mut trainer, notices) = database.connect_with_notices();
    let pid: i32 = one(&mut trainer, "SELECT pg_backend_pid()");
    std::thread::scope(|scope| {
        let training = scope.spawn(move || sqlstate(&mut trainer, LONG));
        let told = || notices.texts().iter().filter(|text| text.starts_with("epoch ")).count();
        while told() < 2 {
            assert!(!training.is_finished(), "{:?}", notices.texts());
            std::thread::sleep(Duration::from_millis(50));
        }
        let _: bool = one(client, &format!("SELECT pg_terminate_backend({pid})"));
        assert_eq!(training.join().unwrap(), "57P01");
    });
    let text = notices.texts().join("\n");
    assert!(text.contains(" of 100000: loss ") && text.contains("triples/s") && text.contains(" s left"), "{text}");
    let left = "SELECT (SELECT count(*) FROM sgr.models) + (SELECT count(*) FROM sgr.entity_embeddings) + (SELECT count(*) FROM sgr.runs WHERE task LIKE 'kge%')";
    assert_eq!(one::<i64>(client, left), 0);
    assert_eq!(one::<i64>(client, &format!("SELECT count(*) FROM ({TRAIN}) AS t")), 1);
}

#[test]
fn an_index_of_pgvector_is_used_where_there_is_pgvector() {
    let database = Database::create("kge_hnsw");
    let client = &mut database.connect();
    if !one::<bool>(client, "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')") {
        tell!("skipped: this PostgreSQL has no extension vector (pgvector)");
        return;
    }
    client.batch_execute(LOAD).unwrap();
    let model: i64 = one(client, TRAIN);
    let neighbours = "SELECT n.entity_id FROM generate_series(1, 600, 10) AS t, sgr_kge_neighbors(t::text, 10) AS n";
    let ids = |client: &mut Client| -> Vec<i64> {
        client.query(neighbours, &[]).unwrap().iter().map(|row| row.get(0)).collect()
    };
    let exact = ids(client);
    client.batch_execute("CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions").unwrap();
    let index: String = one(client, &format!("SELECT sgr_kge_index_create({model})::text"));
    assert_eq!(index, format!("sgr.entity_embeddings_hnsw_{model}"));
    let scans = format!("SELECT pg_stat_get_numscans('{index}'::regclass)");
    let before: i64 = one(client, &scans);
    let found = ids(client);
    client.batch_execute("SELECT pg_stat_clear_snapshot(); SELECT pg_sleep(1.1)").unwrap();
    assert_eq!(one::<i64>(client, &scans) - before, 60, "each question scans the index once");
    let settings = "SELECT current_setting('hnsw.ef_search') || ' ' || current_setting('enable_sort')";
    assert_eq!(one::<String>(client, settings), "40 on", "what they were");
    // Recall@10 of 60 tracks.
    assert_eq!((exact.len(), found.len()), (600, 600));
    let shared =
        exact.chunks(10).zip(found.chunks(10)).map(|(all, some)| some.iter().filter(|id| all.contains(id)).count());
    let recall = shared.sum::<usize>() as f64 / 600.0;
    tell!("recall@10 of the index: {recall:.3}");
    assert!(recall >= 0.95, "recall {recall}");
    // Writing goes through the index, and dropping takes it along.
    client.batch_execute(&format!("SELECT sgr_kge_resume({model}, 1); SELECT sgr_model_drop({model})")).unwrap();
    assert!(one::<bool>(client, &format!("SELECT to_regclass('{index}') IS NULL")));
}
