"""Runs the benchmarks and writes the results; bench/run.sh calls it with a server in the environment."""

import argparse
import datetime
import sys
import time

import incremental
import latency
import machine
import memory
import pairs
import report
from harness import BENCH, WORK, Bench, database, log_to, say

PARTS = ["pairs", "incremental", "latency", "memory", "copy", "large"]
TRACKS, PLAYLISTS, USERS, SCENES = 100_000, 30_000, 50_000, 200
LARGE = 150_000


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh")
    parser.add_argument("--quick", action="store_true", help="small sizes, no Python peers, results to build/")
    parser.add_argument("--only", default=",".join(PARTS), help="parts, separated by commas: " + ", ".join(PARTS))
    parser.add_argument("--wait", type=float, default=180, help="seconds to wait in all for other work on the machine")
    parser.add_argument("--out", help="folder for the results")
    return parser.parse_args()


def main():
    args = arguments()
    parts = args.only.split(",")
    if unknown := set(parts) - set(PARTS):
        raise SystemExit(f"error: no such part: {', '.join(unknown)}")
    started = time.monotonic()
    today = datetime.date.today().isoformat()
    complete = not args.quick and set(parts) == set(PARTS)
    folder = BENCH / "results" / machine.folder_name(today) if complete else WORK / "results"
    if args.out:
        folder = (BENCH.parent / args.out).resolve()
    log_to(folder / "output.txt")

    tracks, playlists, users, scenes, large = TRACKS, PLAYLISTS, USERS, SCENES, LARGE
    if args.quick:
        tracks, playlists, users, scenes, large = 5_000, 2_000, 1_000, 20, 10_000
    bench = Bench(args.quick, 5 if args.quick else args.wait)
    small_name, large_name = f"pairs, {playlists:,} playlists", f"pairs, {large:,} playlists"

    say(f"loading {tracks:,} tracks, {playlists:,} playlists, {users:,} users")
    connection = database("bench_small")
    about = machine.describe(connection)
    entries = pairs.load(connection, bench, tracks, playlists, users, scenes)
    if "pairs" in parts:
        say("pairs of tracks")
        pairs.run(connection, bench, entries, small_name, True)
    if "incremental" in parts:
        say("one changed playlist")
        incremental.run(connection, bench, 5 if args.quick else 20)
    if "latency" in parts:
        say("questions")
        latency.run(connection, bench)
    if "memory" in parts:
        say("memory")
        memory.run("bench_small", bench, f"{playlists:,} playlists")
    if "copy" in parts:
        say("bulk COPY")
        incremental.copy(database("bench_copy"), connection, bench, 2 if args.quick else 7)
    if "large" in parts:
        say(f"loading {large:,} playlists")
        connection = database("bench_large")
        entries = pairs.load(connection, bench, tracks, large, 1_000, scenes)
        pairs.run(connection, bench, entries, large_name, False)
        memory.run("bench_large", bench, f"{large:,} playlists")

    about["command"] = " ".join(["bench/run.sh", *sys.argv[1:]])
    about["date"] = today
    about["minutes"] = (time.monotonic() - started) / 60
    about["judged"] = not args.quick
    if about["versions"][machine.LIBRARY] != machine.describe(connection)["versions"][machine.LIBRARY]:
        raise SystemExit("error: the extension was replaced during the run")
    rows = report.verdicts(bench, small_name, large_name)
    report.write(folder, bench, about, rows)
    say(f"results in {folder.name}")
    print("\n".join(row.row(about["judged"]) for row in rows))


main()
