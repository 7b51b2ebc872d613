//! Explanations: the terms are the score, evidence is in the graph, counterfactuals come true, and row-level security holds.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::catalogue::load_classic_rock;
use sgr_server_tests::database::{copy, field, one, sqlstate};
use sgr_server_tests::files::{Folder, python};
use sgr_server_tests::{Database, data, tell};
use std::time::Instant;

/// Pairs of tracks, half of them with recommended candidates and half with any: table `pairs (a, b)`.
const PAIRS: &str = "
    SELECT setseed(0.4);
    CREATE TEMP TABLE seeds AS SELECT track_id AS a FROM sgr.tracks ORDER BY random() LIMIT 250;
    CREATE TEMP TABLE recommended AS
    SELECT s.a, r.* FROM seeds AS s CROSS JOIN LATERAL sgr_recommend(s.a, 100) AS r;
    CREATE TEMP TABLE pairs AS
    SELECT a, b FROM (SELECT a, track_id AS b FROM recommended ORDER BY random() LIMIT 5000) AS near
    UNION
    SELECT a, b FROM (SELECT s.a, t.track_id AS b FROM seeds AS s CROSS JOIN sgr.tracks AS t WHERE s.a <> t.track_id
                      ORDER BY random() LIMIT 5400) AS any_other;
    DELETE FROM pairs WHERE ctid NOT IN (SELECT ctid FROM pairs LIMIT 10000);
    ANALYZE pairs";

/// Contributions, scores, ranks and evidence of 10,000 pairs.
fn pairs_hold_up(client: &mut Client, label: &str) {
    let started = Instant::now();
    client.batch_execute(PAIRS).unwrap();
    client
        .batch_execute(
            "CREATE TEMP TABLE answers AS
             SELECT p.a, p.b, sgr_explanations(p.a, p.b, counterfactuals => 0, paths => 0) AS answer FROM pairs AS p;
             CREATE TEMP TABLE terms AS
             SELECT w.a, w.b, (w.answer->>'score')::float8 AS score, (w.answer->>'rank')::integer AS rank,
                    (SELECT sum((c.term->>'contribution')::float8 ORDER BY c.place)
                     FROM jsonb_array_elements(w.answer->'contributions') WITH ORDINALITY AS c (term, place)) AS total,
                    (SELECT array_agg((c.term->>'contribution')::float8 ORDER BY c.place)
                     FROM jsonb_array_elements(w.answer->'contributions') WITH ORDINALITY AS c (term, place)) AS terms
             FROM answers AS w;
             -- The table form of a tenth of them.
             CREATE TEMP TABLE rows_of AS
             SELECT t.a, t.b, e.* FROM (SELECT a, b FROM terms ORDER BY a, b LIMIT 1000) AS t
             CROSS JOIN LATERAL sgr_explain(t.a, t.b) WITH ORDINALITY AS e",
        )
        .unwrap();
    let pairs: i64 = one(client, "SELECT count(*) FROM terms");
    assert_eq!(pairs, 10_000, "{label}");
    let wrong: i64 = one(client, "SELECT count(*) FROM terms WHERE total IS DISTINCT FROM score");
    assert_eq!(wrong, 0, "{label}: contributions that do not sum to the score");
    let wrong: i64 = one(
        client,
        "SELECT count(*) FROM terms AS t
         JOIN (SELECT a, b, sum(contribution ORDER BY ordinality) FILTER (WHERE part = 'signal') AS total,
                      max(value) FILTER (WHERE part = 'score') AS score, max(rank) FILTER (WHERE part = 'score') AS rank
               FROM rows_of GROUP BY a, b) AS r USING (a, b)
         WHERE (r.total, r.score, r.rank) IS DISTINCT FROM (t.total, t.score, t.rank)",
    );
    assert_eq!(wrong, 0, "{label}: the table says something else than the jsonb");
    // sgr_recommend says the same of those that it returns: score, terms, rank; beyond what is proposed it has no rank.
    let compared: i64 =
        one(client, "SELECT count(*) FROM terms AS t JOIN recommended AS r ON r.a = t.a AND r.track_id = t.b");
    assert!(compared > 4000, "{label}: {compared}");
    let wrong: i64 = one(
        client,
        "SELECT count(*) FROM terms AS t JOIN recommended AS r ON r.a = t.a AND r.track_id = t.b
         WHERE r.score IS DISTINCT FROM t.score OR t.rank <> r.rank
            OR t.terms IS DISTINCT FROM ARRAY[r.by_playlists, r.by_likes, r.by_tags, r.by_artist, r.by_popularity, r.by_embedding]",
    );
    assert_eq!(wrong, 0, "{label}: differs from sgr_recommend");
    // What has a rank within the list is in the list.
    let wrong: i64 = one(
        client,
        "SELECT count(*) FROM terms AS t
         WHERE t.rank <= 100 AND NOT EXISTS (SELECT FROM recommended AS r WHERE r.a = t.a AND r.track_id = t.b)",
    );
    assert_eq!(wrong, 0, "{label}: ranks that sgr_recommend does not have");
    client
        .batch_execute(
            "CREATE TEMP TABLE evidence AS
             SELECT DISTINCT x.* FROM answers AS w
             CROSS JOIN LATERAL jsonb_to_recordset(w.answer->'evidence') AS x (
                 head text, head_kind text, relation text, tail text, tail_kind text, weight real, source text,
                 head_id bigint, tail_id bigint)",
        )
        .unwrap();
    let triples: i64 = one(client, "SELECT count(*) FROM evidence");
    assert!(triples > 5000, "{label}: {triples}");
    let missing: i64 = one(
        client,
        "SELECT count(*) FROM (
             SELECT head, head_kind, relation, tail, tail_kind, weight, source, head_id, tail_id FROM evidence
             EXCEPT
             SELECT head, head_kind, relation, tail, tail_kind, weight, source, head_id, tail_id
             FROM sgr.kg_triples WHERE graph = 'catalogue') AS m",
    );
    assert_eq!(missing, 0, "{label}: evidence that is not in sgr.kg_triples");
    let relations: String = one(client, "SELECT string_agg(DISTINCT relation, ' ' ORDER BY relation) FROM evidence");
    let unranked: i64 = one(client, "SELECT count(*) FROM terms WHERE rank IS NULL");
    tell!(
        "{label}: {pairs} pairs ({compared} of them recommended, {unranked} proposed by nothing), {triples} triples \
         of {relations}, {:.1} s",
        started.elapsed().as_secs_f64()
    );
}

#[test]
fn ten_thousand_pairs_of_the_demo() {
    let database = Database::create("explain_demo");
    let client = &mut database.connect();
    client.batch_execute("SELECT FROM sgr_demo_load(); SELECT FROM sgr_build_kg()").unwrap();
    pairs_hold_up(client, "demo");
    // For users: against sgr_recommend_user, bit for bit.
    let wrong: i64 = one(
        client,
        "SELECT count(*)
         FROM generate_series(1, 1000, 97) AS u (id)
         CROSS JOIN LATERAL (SELECT * FROM sgr_recommend_user(u.id, 40) WHERE rank % 13 = 1) AS r
         CROSS JOIN LATERAL (
             SELECT sum(contribution ORDER BY ordinality) FILTER (WHERE part = 'signal') AS total,
                    max(value) FILTER (WHERE part = 'score') AS score, max(e.rank) FILTER (WHERE part = 'score') AS rank
             FROM sgr_explain_user(u.id, r.track_id) WITH ORDINALITY AS e) AS e
         WHERE (e.total, e.score, e.rank) IS DISTINCT FROM (r.score, r.score, r.rank)",
    );
    assert_eq!(wrong, 0);
}

#[test]
fn ten_thousand_pairs_of_classic_rock() {
    let Some(folder) = data::folder("demo_classic_rock") else { return };
    let database = Database::create("explain_rock");
    let client = &mut database.connect();
    load_classic_rock(client, &folder);
    client.batch_execute("SELECT FROM sgr_build_kg()").unwrap();
    pairs_hold_up(client, "classic rock");
}

/// How tags are compared.
const FOLDED: &str = "lower(btrim(regexp_replace(%, '\\s+', ' ', 'g')))";

/// Deletes what a counterfactual leaves out.
fn delete(client: &mut Client, candidate: i64, without: &str) {
    let folded = |what: &str| FOLDED.replace('%', what);
    let sql = format!(
        "WITH gone AS (SELECT x.kind, x.id, x.name FROM jsonb_to_recordset($1::text::jsonb) AS x (kind text, id bigint, name text)),
         playlists AS (DELETE FROM sgr.playlist_tracks AS e USING gone AS g
                       WHERE g.kind = 'playlist' AND e.playlist_id = g.id RETURNING true),
         likes AS (DELETE FROM sgr.interactions AS i USING gone AS g
                   WHERE g.kind = 'user' AND i.user_id = g.id AND i.kind = 'like' RETURNING true),
         tags AS (UPDATE sgr.tracks AS t
                  SET tags = ARRAY(SELECT g.tag FROM unnest(t.tags) AS g (tag)
                                   WHERE {} NOT IN (SELECT name FROM gone WHERE kind = 'tag')),
                      genre = CASE WHEN {} IN (SELECT name FROM gone WHERE kind = 'tag') THEN NULL ELSE t.genre END
                  WHERE t.track_id = $2 AND EXISTS (SELECT FROM gone WHERE kind = 'tag') RETURNING true)
         SELECT (SELECT count(*) FROM playlists) + (SELECT count(*) FROM likes) + (SELECT count(*) FROM tags)",
        folded("g.tag"),
        folded("t.genre")
    );
    let deleted: i64 = client.query_one(&sql, &[&without, &candidate]).unwrap().get(0);
    assert!(deleted > 0, "nothing to delete for {without}");
}

/// How a list is asked for and explained.
struct Asker {
    recommend: &'static str,
    explanations: &'static str,
}

const BY_TRACK: Asker = Asker { recommend: "sgr_recommend", explanations: "sgr_explanations" };
const BY_USER: Asker = Asker { recommend: "sgr_recommend_user", explanations: "sgr_explanations_user" };

/// What counterfactuals left out, over all pairs.
#[derive(Default, Debug)]
struct Tried {
    pairs: usize,
    playlists: usize,
    users: usize,
    tags: usize,
    several: usize,
    out: usize,
}

/// Deletes the evidence of every counterfactual of these pairs, refreshes fully, and compares.
fn come_true(client: &mut Client, asker: &Asker, pairs: &[(i64, i64)], refresh: &str, tried: &mut Tried) {
    let Asker { recommend, explanations } = asker;
    for &(a, b) in pairs {
        let found = client
            .query(
                &format!(
                    "SELECT c->'without'->>0, (c->'without')::text, (c->>'rank')::integer, (c->>'score')::float8,
                            (c->>'rank_was')::integer, (e.e->>'rank')::integer, (e.e->'notes')::text,
                            jsonb_array_length(c->'without')
                     FROM (SELECT {explanations}($1::bigint, $2::bigint, evidence => 0)) AS e (e)
                     LEFT JOIN LATERAL jsonb_array_elements(e.e->'counterfactuals') AS c ON true"
                ),
                &[&a, &b],
            )
            .unwrap_or_else(|error| panic!("{explanations}({a}, {b}): {error:?}"));
        tried.pairs += 1;
        for row in found {
            let notes: String = row.get(6);
            assert_eq!(notes, "[]", "{explanations}({a}, {b}) after {refresh}");
            let Some(without) = row.get::<_, Option<String>>(1) else { continue };
            let (rank, score): (Option<i32>, f64) = (row.get(2), row.get(3));
            let (was, now): (Option<i32>, Option<i32>) = (row.get(4), row.get(5));
            assert_eq!(was, now);
            assert_ne!(rank, was);
            client.batch_execute("BEGIN").unwrap();
            delete(client, b, &without);
            client.batch_execute(refresh).unwrap();
            let after = client
                .query_one(
                    &format!(
                        "SELECT (e->>'rank')::integer, (e->>'score')::float8
                         FROM {explanations}($1::bigint, $2::bigint, counterfactuals => 0, evidence => 0) AS e"
                    ),
                    &[&a, &b],
                )
                .unwrap();
            let came: (Option<i32>, f64) = (after.get(0), after.get(1));
            assert_eq!(came, (rank, score), "{explanations}({a}, {b}) without {without} after {refresh}");
            if let Some(rank) = rank {
                let list = format!("SELECT track_id, score FROM {recommend}($1::bigint, $2) WHERE rank = $2");
                let row = client.query_one(&list, &[&a, &rank]).unwrap();
                assert_eq!((row.get(0), row.get(1)), (b, score), "{recommend}({a}) without {without} after {refresh}");
            }
            client.batch_execute("ROLLBACK").unwrap();
            tried.playlists += without.matches("\"playlist\"").count();
            tried.users += without.matches("\"user\"").count();
            tried.tags += without.matches("\"tag\"").count();
            tried.several += usize::from(row.get::<_, i32>(7) > 1);
            tried.out += usize::from(rank.is_none());
        }
    }
}

/// Pairs of (track, recommended track), or of (user, recommended track).
fn pairs(client: &mut Client, recommend: &str, from: &str, seed: f64, count: i64) -> Vec<(i64, i64)> {
    client.execute("SELECT setseed($1)", &[&seed]).unwrap();
    let sql = format!(
        "SELECT id, r.track_id
         FROM (SELECT id, 1 + floor(25 * random() * random())::integer AS rank FROM ({from}) AS f (id)
               ORDER BY random() LIMIT $1) AS s
         CROSS JOIN LATERAL {recommend}(s.id, s.rank) AS r WHERE r.rank = s.rank"
    );
    client.query(&sql, &[&count]).unwrap().iter().map(|row| (row.get(0), row.get(1))).collect()
}

const TRACKS: &str = "SELECT DISTINCT track_id FROM sgr.playlist_tracks";
const USERS: &str = "SELECT DISTINCT user_id FROM sgr.interactions WHERE kind = 'like'";

#[test]
fn counterfactuals_of_the_demo_come_true() {
    let started = Instant::now();
    let database = Database::create("counterfactuals");
    let client = &mut database.connect();
    client.batch_execute("SELECT FROM sgr_demo_load(600, 300, 150, 7); SELECT FROM sgr_build_kg()").unwrap();
    let mut tried = Tried::default();
    let everything = "SELECT FROM sgr_cooccur_refresh(mode => 'full')";
    client.batch_execute(everything).unwrap();
    let found = pairs(client, "sgr_recommend", TRACKS, 0.1, 80);
    come_true(client, &BY_TRACK, &found, everything, &mut tried);
    let found = pairs(client, "sgr_recommend_user", USERS, 0.2, 20);
    come_true(client, &BY_USER, &found, everything, &mut tried);
    // With every parameter of the refresh.
    let since: String =
        one(client, "SELECT percentile_disc(0.3) WITHIN GROUP (ORDER BY added_at)::text FROM sgr.playlist_tracks");
    for (nth, parameters) in [
        "top_k => 10",
        "top_k => NULL",
        "rank_by => 'jaccard', top_k => 20",
        "rank_by => 'lift', min_together => 2, top_k => 20",
        "rank_by => 'together', top_k => 15",
        "max_basket_len => 25",
        "max_per_owner => 1, top_k => 30",
        "max_per_owner => 2",
        &format!("since => '{since}'"),
    ]
    .into_iter()
    .enumerate()
    {
        let refresh = format!("SELECT FROM sgr_cooccur_refresh(mode => 'full', {parameters})");
        client.batch_execute(&refresh).unwrap();
        let found = pairs(client, "sgr_recommend", TRACKS, 0.3 + nth as f64 / 100.0, 8);
        come_true(client, &BY_TRACK, &found, &refresh, &mut tried);
        let found = pairs(client, "sgr_recommend_user", USERS, 0.5 + nth as f64 / 100.0, 2);
        come_true(client, &BY_USER, &found, &refresh, &mut tried);
    }
    assert!(tried.playlists > 50 && tried.users > 20 && tried.tags > 50 && tried.several > 0, "{tried:?}");
    tell!("demo: {tried:?} came true, {:.1} s", started.elapsed().as_secs_f64());
}

#[test]
fn counterfactuals_of_classic_rock_come_true() {
    let Some(folder) = data::folder("demo_classic_rock") else { return };
    let started = Instant::now();
    let database = Database::create("rock_counterfactuals");
    let client = &mut database.connect();
    load_classic_rock(client, &folder);
    client.batch_execute("SELECT FROM sgr_build_kg()").unwrap();
    let mut tried = Tried::default();
    let found = pairs(client, "sgr_recommend", TRACKS, 0.4, 40);
    // All that the signals read, fully; the artists by likes of stations would take most of the time.
    let refresh = "SELECT FROM sgr_cooccur_refresh('playlist', 'track', mode => 'full');
                   SELECT FROM sgr_cooccur_refresh('like', 'track', mode => 'full');
                   SELECT FROM sgr_cooccur_refresh('tag')";
    come_true(client, &BY_TRACK, &found, refresh, &mut tried);
    assert!(tried.playlists > 0, "{tried:?}");
    tell!("classic rock: {tried:?} came true, {:.1} s", started.elapsed().as_secs_f64());
}

/// The longest list of neighbours moves up when something falls out of it, which no stored list can tell: here by hand.
#[test]
fn what_was_cut_off_moves_up() {
    let database = Database::create("moves_up");
    let client = &mut database.connect();
    // 1 stands beside 2 (twice) and 3 (once), and the list has room for one. Without playlist 1, 3 and 4 lead.
    copy(client, "sgr.tracks (track_id, title)", (1..=5).map(|track| vec![field(track), field(format!("T{track}"))]));
    let held = [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 1), (3, 3), (4, 5), (4, 4)];
    copy(
        client,
        "sgr.playlist_tracks (playlist_id, track_id, position)",
        held.iter().enumerate().map(|(at, (playlist, track))| vec![field(playlist), field(track), field(at)]),
    );
    let refresh = "SELECT FROM sgr_cooccur_refresh(mode => 'full', top_k => 1)";
    client.batch_execute(refresh).unwrap();
    client.batch_execute("SELECT FROM sgr_triples_refresh()").unwrap();
    let mut tried = Tried::default();
    let (neighbour, other): (i64, i64) = (one(client, "SELECT track_id FROM sgr_related(1)"), 3);
    assert_eq!(neighbour, 2);
    let rank: Option<i32> = one(client, "SELECT (sgr_explanations(1, 2)->>'rank')::integer");
    assert_eq!(rank, Some(1));
    let without: i64 = one(client, "SELECT (sgr_explanations(1, 2)#>>'{counterfactuals,0,without,0,id}')::bigint");
    assert!(without == 1 || without == 2, "{without}");
    let rank: Option<i32> = one(client, "SELECT (sgr_explanations(1, 2)#>>'{counterfactuals,0,rank}')::integer");
    assert_eq!(rank, None, "{other} takes the only place");
    come_true(client, &BY_TRACK, &[(1, 2)], refresh, &mut tried);
    assert!(tried.out > 0, "{tried:?}");
}

/// What a role under row-level security gets to see of hidden playlists and likes: nothing.
#[test]
fn hidden_playlists_stay_hidden() {
    let database = Database::create("explain_rls");
    let client = &mut database.connect();
    client.batch_execute("SELECT FROM sgr_demo_load(800, 400, 200, 7)").unwrap();
    client
        .batch_execute(
            "UPDATE sgr.playlists SET is_public = playlist_id % 3 <> 0, title = CASE WHEN playlist_id % 3 = 0 THEN 'PRIVATE ' ELSE 'open ' END || playlist_id;
             SELECT FROM sgr_build_kg();
             ALTER TABLE sgr.playlists ENABLE ROW LEVEL SECURITY;
             ALTER TABLE sgr.playlist_tracks ENABLE ROW LEVEL SECURITY;
             CREATE POLICY open ON sgr.playlists USING (is_public);
             CREATE POLICY open ON sgr.playlist_tracks
                 USING (EXISTS (SELECT FROM sgr.playlists AS p WHERE p.playlist_id = playlist_tracks.playlist_id));
             DROP ROLE IF EXISTS sgr_explain_reader;
             CREATE ROLE sgr_explain_reader;
             GRANT SELECT ON ALL TABLES IN SCHEMA sgr TO sgr_explain_reader;
             CREATE TABLE pairs AS
             SELECT t.a, r.track_id AS b FROM generate_series(1, 800, 13) AS t (a) CROSS JOIN LATERAL sgr_recommend(t.a, 2) AS r;
             CREATE TABLE user_pairs AS
             SELECT u.a, r.track_id AS b FROM generate_series(1, 200, 39) AS u (a) CROSS JOIN LATERAL sgr_recommend_user(u.a, 1) AS r;
             GRANT SELECT ON pairs, user_pairs TO sgr_explain_reader",
        )
        .unwrap();
    let everything = "SELECT string_agg((sgr_explanations(a, b) - 'notes')::text, '') ||
                             (SELECT string_agg(e.reason || coalesce(e.detail, ''), '') FROM pairs AS p CROSS JOIN LATERAL sgr_explain(p.a, p.b) AS e)
                      FROM pairs";
    let of_users = "SELECT string_agg(sgr_explanations_user(a, b)::text, '') ||
                           (SELECT string_agg(e.reason || coalesce(e.detail, ''), '') FROM user_pairs AS p CROSS JOIN LATERAL sgr_explain_user(p.a, p.b) AS e)
                    FROM user_pairs";
    let of_owner: String = one(client, everything);
    assert!(of_owner.contains("PRIVATE "), "the owner sees them");
    client.batch_execute("SET ROLE sgr_explain_reader").unwrap();
    for sql in [everything, of_users] {
        let seen: String = one(client, sql);
        assert!(!seen.contains("PRIVATE "));
        assert!(seen.contains("open "), "the others are there");
    }
    // Each triple of a playlist is one that may be read.
    let unreadable: i64 = one(
        client,
        "SELECT count(*) FROM pairs
         CROSS JOIN LATERAL jsonb_to_recordset(sgr_explanations(a, b, counterfactuals => 0)->'evidence') AS x (relation text, tail_id bigint)
         JOIN sgr.entities AS n ON n.entity_id = x.tail_id
         WHERE x.relation = 'in_playlist' AND n.key::bigint NOT IN (SELECT playlist_id FROM sgr.playlists)",
    );
    assert_eq!(unreadable, 0);
    // What is listed depends on what may be read and on the shared counts, not on the hidden rows: without them, and
    // without a refresh, all is the same.
    let seen: String = one(client, everything);
    client.batch_execute("RESET ROLE").unwrap();
    client.batch_execute("BEGIN; DELETE FROM sgr.playlist_tracks WHERE playlist_id % 3 = 0; DELETE FROM sgr.playlists WHERE NOT is_public").unwrap();
    client.batch_execute("SET LOCAL ROLE sgr_explain_reader").unwrap();
    let without: String = one(client, everything);
    assert!(without == seen, "hidden rows change what is listed");
    client.batch_execute("ROLLBACK").unwrap();

    // Names of users need the right to read likes; their number does not.
    let named = "SELECT count(*) FROM pairs CROSS JOIN LATERAL sgr_explain(a, b) AS e WHERE e.reason LIKE '% likes both' AND e.reason !~ '^[0-9]+ user'";
    let counted = "SELECT count(*) FROM pairs CROSS JOIN LATERAL sgr_explain(a, b) AS e WHERE e.reason ~ '^[0-9]+ users? who likes? both'";
    let before: i64 = one(client, counted);
    assert!(before > 0);
    client
        .batch_execute("REVOKE SELECT ON sgr.interactions FROM sgr_explain_reader; SET ROLE sgr_explain_reader")
        .unwrap();
    assert_eq!(one::<i64>(client, named), 0);
    assert_eq!(one::<i64>(client, counted), before);
    let liked: String = one(client, "SELECT string_agg(sgr_explanations(a, b)::text, '') FROM pairs");
    assert!(!liked.contains("liked_by") && !liked.contains("\"kind\": \"user\""));
    assert!(liked.contains("this role may not read them"));
    client.batch_execute("RESET ROLE; DROP OWNED BY sgr_explain_reader; DROP ROLE sgr_explain_reader").unwrap();
}

/// The documents are as docs/explanations.schema.json says.
#[test]
fn documents_fit_the_schema() {
    let database = Database::create("explain_schema");
    let client = &mut database.connect();
    client.batch_execute("SELECT FROM sgr_demo_load(400, 200, 100, 7); SELECT FROM sgr_build_kg()").unwrap();
    let documents = client
        .query(
            "SELECT sgr_explanations(t.a, r.track_id)::text
             FROM generate_series(1, 400, 40) AS t (a) CROSS JOIN LATERAL sgr_recommend(t.a, 3) AS r
             UNION ALL SELECT sgr_explanations_user(u.a, r.track_id, counterfactuals => 2, evidence => 3)::text
             FROM generate_series(1, 100, 33) AS u (a) CROSS JOIN LATERAL sgr_recommend_user(u.a, 2, include_known => true) AS r
             UNION ALL SELECT sgr_explanations(1, t.b, counterfactuals => 0)::text FROM generate_series(301, 400, 5) AS t (b)",
            &[],
        )
        .unwrap();
    let folder = Folder::create("schema");
    let lines: Vec<String> = documents.iter().map(|row| row.get::<_, String>(0)).collect();
    let file = folder.write("documents.jsonl", lines.join("\n"));
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/explanations.schema.json");
    let Some((out, _)) = python("check_schema.py", &[schema, &file]) else { return };
    assert_eq!(out.trim(), format!("{} documents, 0 errors", lines.len()));
    // The schema is not one that takes anything: without a key, with a key too many, with a share of another type.
    let broken: Vec<String> = [
        lines[0].replacen("\"confidence\"", "\"confident\"", 1),
        lines[0].replacen("\"proposed\": ", "\"proposed\": -", 1),
        lines[0].replacen("\"relation\": \"", "\"relation\": \"no_such_", 1),
    ]
    .into();
    let file = folder.write("broken.jsonl", broken.join("\n"));
    let Some((out, _)) = python("check_schema.py", &[schema, &file]) else { return };
    let errors =
        out.trim().strip_prefix("3 documents, ").and_then(|rest| rest.strip_suffix(" errors")).unwrap().to_owned();
    assert!(errors.parse::<i32>().unwrap() >= 3, "{out}");
}

#[test]
fn a_cancel_comes_through() {
    let database = Database::create("explain_cancel");
    let client = &mut database.connect();
    client.batch_execute("SELECT FROM sgr_demo_load(); SELECT FROM sgr_build_kg()").unwrap();
    client.batch_execute("SET statement_timeout = '60ms'").unwrap();
    let many = "SELECT count(sgr_explanations_user(u, r.track_id)) FROM generate_series(1, 20) AS u
                CROSS JOIN LATERAL sgr_recommend_user(u, 5) AS r";
    assert_eq!(sqlstate(client, many), "57014");
    client.batch_execute("RESET statement_timeout").unwrap();
    assert_eq!(one::<i64>(client, "SELECT count(*) FROM sgr_explain_user(7, 42) WHERE part = 'signal'"), 6);
    // Named by text, a track and a user.
    let same = "SELECT (SELECT array_agg(contribution) FROM sgr_explain('42', '17')) = (SELECT array_agg(contribution) FROM sgr_explain(42, 17))
                   AND (SELECT array_agg(contribution) FROM sgr_explain('user:7', '17')) = (SELECT array_agg(contribution) FROM sgr_explain_user(7, 17))";
    assert!(one::<bool>(client, same));
}
