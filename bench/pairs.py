"""Bars 1 and 2: all pairs of tracks in playlists, and what else would count them."""

import json
import subprocess

from harness import CORES, WORK, connect, fail, one, query, sql_file

REFRESH = "SELECT * FROM sgr_cooccur_refresh('playlist', 'track', mode => 'full')"
# The tables that a refresh writes, whatever they are called today.
TABLES = """SELECT string_agg(oid::regclass::text, ', ') FROM pg_class
            WHERE relnamespace = 'sgr'::regnamespace AND relkind = 'r' AND relname LIKE 'cooccurrence%'"""
SIZE = """SELECT sum(pg_table_size(oid)), sum(pg_indexes_size(oid)) FROM pg_class
          WHERE relnamespace = 'sgr'::regnamespace AND relkind = 'r' AND relname LIKE 'cooccurrence%'"""
MAX_BASKET_LEN = 1000


def load(connection, bench, tracks, playlists, users, scenes):
    """The demo catalogue, and the data of everybody else: the same rows in a file."""
    rows = query(connection, "SELECT * FROM sgr_demo_load(%s, %s, %s, 1, %s)", (tracks, playlists, users, scenes))
    query(connection, "VACUUM (ANALYZE)")
    bench.fact(f"rows of {playlists} playlists", dict(rows))
    return export(connection, playlists)


def export(connection, playlists):
    path = WORK / f"entries-{playlists}.bin"
    with path.open("wb") as file, connection.cursor() as cursor:
        cursor.copy_expert("COPY (SELECT playlist_id, track_id FROM sgr.playlist_tracks) TO STDOUT (FORMAT binary)", file)
    return path


def skipped(connection):
    """The playlists that the refresh passes over: over 1,000 distinct tracks. Every peer gets them excluded for free."""
    rows = query(connection, """SELECT playlist_id FROM sgr.playlist_tracks GROUP BY playlist_id
                                HAVING count(DISTINCT track_id) > %s""", (MAX_BASKET_LEN,))
    return [row[0] for row in rows]


def refresh(connection, reader):
    """One full refresh, up to the moment when another session reads the new rows."""
    outcome = one(connection, REFRESH)
    seen = one(reader, """SELECT (SELECT max(r.run_id) FROM sgr.runs AS r) AS run_id,
                                 (SELECT count(*) FROM sgr.track_cooccurrence AS p WHERE p.track_id_a = 1) AS pairs""")
    if seen["run_id"] != outcome["run_id"] or not seen["pairs"]:
        fail(f"after {outcome} another session sees {seen}")
    return outcome


def ours(connection, bench, name, repeats):
    """First refreshes, into an empty table, and repeated ones, which replace rows; each after a checkpoint and, for the
    repeated, after the VACUUM that autovacuum would have done meanwhile."""
    reader = connect(connection.info.dbname)
    tables = query(connection, TABLES)[0][0]
    # The first refresh ever also builds the features of all tracks: reported, and not part of the bar's work.
    bench.time(name, "ours: first call ever, with features", lambda: query(connection, REFRESH))
    for who, prepare in [("ours: first", f"TRUNCATE {tables}"), ("ours: repeated", f"VACUUM {tables}")]:
        for _ in range(repeats):
            query(connection, prepare)
            query(connection, "CHECKPOINT")
            lsn = query(connection, "SELECT pg_current_wal_lsn()")[0][0]
            outcome = bench.time(name, who, lambda: refresh(connection, reader))
            wal = query(connection, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), %s)", (lsn,))[0][0]
    bench.fact(f"{name}: wal of a refresh", f"{int(wal) / 2**20:.0f} MiB")
    bench.fact(f"{name}: refresh", outcome)
    size = query(connection, SIZE)[0]
    bench.fact(f"{name}: tables and indexes, after repeated refreshes", [f"{n / 2**20:.0f} MiB" for n in size])
    # What the refresh does before it computes: reading the rows, sorting them into baskets. Nothing is written.
    estimate = "SELECT * FROM sgr_cooccur_estimate('playlist', 'track')"
    bench.time(name, "ours: sgr_cooccur_estimate", lambda: query(connection, estimate), repeats)
    bench.fact(f"{name}: estimate", one(connection, estimate))


def engine_alone(bench, name, path, repeats):
    program = WORK / "target/release/engine_alone"
    for i in range(repeats):
        bench.quiet()
        bench.load.start()
        printed = subprocess.run([program, path, str(CORES), "2"], check=True, capture_output=True, text=True).stdout
        # The first pass in a process pays for its memory's pages, as each refresh in a fresh session does.
        first, second = map(json.loads, printed.splitlines())
        foreign = bench.load.foreign()
        bench.note(name, "engine alone: cold", first["build"] + first["count"], "s", foreign)
        bench.note(name, "engine alone", second["build"] + second["count"], "s", foreign)
        bench.note(name, "engine alone: from_entries", second["build"], "s", foreign)
    bench.fact(f"{name}: engine alone", second)


def sql_self_join(connection, bench, name, repeats):
    giants = skipped(connection)
    settings = "SET work_mem = '1GB'"
    query(connection, settings)

    def join():
        query(connection, sql_file("self_join.sql"), {"skipped": giants})

    def before():
        query(connection, "DROP SCHEMA bench CASCADE; CREATE SCHEMA bench")
        query(connection, "CHECKPOINT")

    bench.time(name, "SQL self-join view", join, repeats, before)
    bench.fact(f"{name}: pairs of the self-join", query(connection, "SELECT count(*) FROM bench.pairs")[0][0])
    query(connection, "RESET work_mem")


def check(connection, bench, name):
    """The contestants must have counted the same."""
    bench.time(name, "SQL self-join: indexes to read it by", lambda: query(connection, sql_file("self_join_index.sql")))
    query(connection, "ANALYZE bench.pairs; ANALYZE bench.counts")
    pairs, wrong = query(connection, sql_file("check_pairs.sql"))[0]
    bench.fact(f"{name}: pairs compared with the self-join, and wrong ones", [pairs, wrong])
    if wrong or not pairs:
        fail(f"{wrong} of {pairs} pairs differ from the self-join")


def python_peers(bench, name, path, giants, names, repeats):
    import peers

    entries = peers.Entries(path, giants)
    contestants = {
        "implicit CosineRecommender(K=100).fit": entries.implicit_fit,
        "scipy A.T @ A": entries.scipy_product,
        "DuckDB self-join": entries.duckdb_join,
    }
    for who in names:
        bench.time(name, who, contestants[who], repeats)


def run(connection, bench, path, name, everything):
    """Bar 1 (`everything`) or 2."""
    repeats = 2 if bench.quick else 5
    ours(connection, bench, name, repeats)
    engine_alone(bench, name, path, repeats)
    if everything:
        sql_self_join(connection, bench, name, 1 if bench.quick else 2)
        check(connection, bench, name)
    if not bench.quick:
        peers = ["implicit CosineRecommender(K=100).fit", "scipy A.T @ A", "DuckDB self-join"]
        python_peers(bench, name, path, skipped(connection), peers if everything else peers[:1], 3 if everything else 2)
