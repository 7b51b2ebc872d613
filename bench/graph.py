"""The knowledge graph side by side with plain SQL and COPY; bench/run.sh graph calls it with a server in the environment."""

import argparse
import datetime
import json
import subprocess
import sys
import time

import machine
from harness import BENCH, SERVER_FOLDER, WORK, connect, database, log_to, one, query, say, sql_file

DOCUMENTS = [10_000, 100_000, 1_000_000]
NAMES = [100_000, 1_000_000]
TRIPLES = 5_000_000


def timed(work):
    started = time.monotonic()
    result = work()
    return time.monotonic() - started, result


def documents(connection, count):
    """Fills sgr.raw_documents with COPY, which is not measured."""
    program = subprocess.Popen(
        [sys.executable, str(BENCH / "documents.py"), str(count)], stdout=subprocess.PIPE
    )
    with connection.cursor() as cursor:
        cursor.copy_expert(
            "COPY sgr.raw_documents (body) FROM STDIN (FORMAT csv, DELIMITER E'\\x02', QUOTE E'\\x01')", program.stdout
        )
    if program.wait() != 0:
        raise SystemExit("error: documents.py failed")
    return query(connection, "SELECT sum(octet_length(body))::bigint FROM sgr.raw_documents")[0][0]


def cleaning(counts):
    """sgr_clean() and the plain SQL for the same work, on the same documents, from empty catalogue tables."""
    results = []
    for count in counts:
        connection = database("bench_graph")
        size = documents(connection, count)
        query(connection, "VACUUM ANALYZE sgr.raw_documents")
        ours, _ = timed(lambda: query(connection, "SELECT * FROM sgr_clean()"))
        rows = query(connection, "SELECT count(*) FROM sgr.tracks")[0][0]
        query(connection, "TRUNCATE sgr.artists, sgr.users, sgr.tracks, sgr.playlists, sgr.playlist_tracks")
        theirs = None
        if count <= 100_000:
            theirs, _ = timed(lambda: query(connection, sql_file("clean_plain.sql")))
            same = query(connection, "SELECT count(*) FROM sgr.tracks")[0][0]
            if same != rows:
                raise SystemExit(f"error: plain SQL makes {same} tracks, sgr_clean {rows}")
        results.append({"documents": count, "bytes": size, "sgr_clean_s": ours, "plain_sql_s": theirs})
        say(
            f"cleaning {count:,} documents, {size / 1e6:.0f} MB: {ours:.2f} s, {size / 1e6 / ours:.1f} MB/s"
            + (f"; plain SQL {theirs:.2f} s, {theirs / ours:.1f} times" if theirs else "")
        )
        connection.close()
    return results


def fusion(counts):
    """sgr_fuse() over artist names of which about a fifth are other spellings of a name."""
    results = []
    for count in counts:
        connection = database("bench_graph")
        query(connection, sql_file("artist_names.sql").replace("{rows}", str(count)))
        pid = query(connection, "SELECT pg_backend_pid()")[0][0]
        seconds, rows = timed(
            lambda: query(connection, "SELECT kind, decisions, elapsed_ms FROM sgr_fuse() WHERE kind IN ('artist', 'credit')")
        )
        peak = next(
            int(line.split()[1]) / 1024
            for line in open(f"/proc/{pid}/status")
            if line.startswith("VmHWM")
        )
        results.append({"names": count, "seconds": seconds, "peak_mb": peak, "rows": [list(row) for row in rows]})
        say(f"fusion of {count:,} artist names: {seconds:.1f} s, peak {peak:.0f} MB with shared buffers touched, {rows}")
        connection.close()
    return results


def export(count):
    """sgr_triples_export() and COPY of the same rows, alternating, the best of three."""
    connection = database("bench_graph")
    query(connection, sql_file("triples.sql").replace("{rows}", str(count)))
    query(connection, "VACUUM ANALYZE sgr.triples, sgr.entities")
    folder = SERVER_FOLDER / "export"
    query(connection, f"COPY (SELECT 1) TO PROGRAM 'mkdir -p {folder}'")
    best = {}
    for _ in range(3):
        for name, sql in (
            ("copy_csv", f"COPY ({sql_file('triples_named.sql')}) TO '{folder}/t.csv' (FORMAT csv)"),
            ("parquet", f"SELECT * FROM sgr_triples_export('{folder}/t.parquet')"),
            ("tsv", f"SELECT * FROM sgr_triples_export('{folder}/t.tsv')"),
        ):
            seconds, _ = timed(lambda: query(connection, sql))
            best[name] = min(seconds, best.get(name, seconds))
    say(
        f"export of {count:,} triples: COPY CSV {best['copy_csv']:.2f} s, Parquet {best['parquet']:.2f} s"
        f" ({best['parquet'] / best['copy_csv']:.2f} times), TSV {best['tsv']:.2f} s ({best['tsv'] / best['copy_csv']:.2f} times)"
    )
    connection.close()
    return {"triples": count, **best}


def main():
    parser = argparse.ArgumentParser(prog="bench/run.sh graph")
    parser.add_argument("--quick", action="store_true", help="small sizes, results to build/")
    args = parser.parse_args()
    today = datetime.date.today().isoformat()
    folder = WORK / "results" if args.quick else BENCH / "results" / (machine.folder_name(today) + "-graph")
    log_to(folder / "output.txt")
    sizes = ([2_000, 10_000], [20_000], 100_000) if args.quick else (DOCUMENTS, NAMES, TRIPLES)
    say("bench/run.sh graph" + (" --quick" if args.quick else ""))
    say(query(connect("postgres"), "SELECT version()")[0][0], machine.cpu())
    results = {"cleaning": cleaning(sizes[0]), "fusion": fusion(sizes[1]), "export": export(sizes[2])}
    (folder / "graph.json").write_text(json.dumps(results, indent=2) + "\n")
    say(f"results in {folder.name}")


if __name__ == "__main__":
    main()
