"""Path search and explanations beside pgRouting and SQL; bench/run.sh paths calls it with a server in the environment."""

import argparse
import datetime
import io
import random
import sys
import time

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

import machine
import report
from harness import BENCH, WORK, Bench, connect, database, fail, log_to, query, say, sql_file
from latency import percentile
from report import Figure, Figures, against, below, micro, seconds

TRACKS, SCENES = 100_000, 200
PLAYLISTS = [30_000, 150_000, 330_000]  # about 1, 4.6 and 10 million edges
PAIRS, WARM_UP, FRESH = 1_000, 100, 20
# Beyond this many playlists all walks of four hops are too many to wait for: ten minutes and more for a pair.
CHEAPEST = "recursive CTE, cheapest"
CHEAPEST_UP_TO = 30_000
# Who is asked about how many of the pairs.
PEERS = {"pgr_bdDijkstra": 5, "recursive CTE, 4 hops": 5, CHEAPEST: 2, "hand-written join": PAIRS}
TIMES_FASTER = 500
# Costs are sums of up to a dozen logarithms, added in another order by each contestant.
TOLERANCE = 1e-4
MAX_HOPS = 6

PGROUTING = """SELECT count(*) - 1 AS hops,
                      max(agg_cost) - (SELECT sum(n.cost) / 2 FROM bench.nodes AS n WHERE n.node IN (%(a)s, %(b)s)) AS cost
               FROM pgr_bdDijkstra('SELECT id, source, target, cost FROM bench.edges', %(a)s, %(b)s, directed => false)"""
OURS = "SELECT * FROM sgr_paths(%(from)s, %(to)s, k => {k})"
MEMBERSHIPS = """COPY (SELECT t.head::integer, t.tail::integer FROM sgr.triples AS t WHERE t.relation = 3)
                 TO STDOUT (FORMAT binary)"""
ROW = np.dtype([("fields", ">i2"), ("len_a", ">i4"), ("head", ">i4"), ("len_b", ">i4"), ("tail", ">i4")])
HEADER, TRAILER = 19, 2


def span(microseconds):
    return seconds(microseconds / 1e6) if microseconds >= 1e6 else micro(microseconds)


def built(connection, function):
    return query(connection, "SELECT EXISTS (SELECT FROM pg_proc WHERE proname = %s)", (function,))[0][0]


def load(connection, bench, tracks, playlists, scenes):
    """A graph of tracks and playlists; returns what to call it."""
    query(connection, "SELECT * FROM sgr_demo_load(%s, %s, 1000, 1, %s)", (tracks, playlists, scenes))
    query(connection, sql_file("paths_strip.sql"))
    query(connection, "VACUUM (ANALYZE)")
    started = time.perf_counter()
    query(connection, "SELECT * FROM sgr_triples_refresh(co_occurs_limit => 0, similar_taste_limit => 0)")
    seconds = time.perf_counter() - started
    query(connection, "VACUUM (ANALYZE)")
    relations = query(connection, "SELECT relation, count(*) FROM sgr.triples GROUP BY relation")
    if [relation for relation, _ in relations] != [3]:
        fail(f"only triples of in_playlist were expected, not {relations}")
    edges = relations[0][1]
    name = f"paths, {edges / 1e6:.2g} M edges"
    bench.fact(f"{name}: edges, sgr_triples_refresh", [edges, f"{seconds:.1f} s"])
    return name


def choose_pairs(connection, count):
    """Pairs of different tracks of the largest component, every track as likely as any other."""
    file = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(MEMBERSHIPS, file)
    rows = np.frombuffer(file.getbuffer()[HEADER:-TRAILER], dtype=ROW)
    heads, tails = rows["head"].astype(np.int32), rows["tail"].astype(np.int32)
    size = int(max(heads.max(), tails.max())) + 1
    _, component = connected_components(
        coo_matrix((np.ones(len(heads), np.int8), (heads, tails)), shape=(size, size)), directed=False)
    largest = np.bincount(component[heads]).argmax()
    tracks = np.unique(heads[component[heads] == largest])
    keys = dict(query(connection, "SELECT entity_id, key FROM sgr.entities WHERE graph_id = 0 AND kind = 'track'"))
    draw = random.Random(1)
    pairs = []
    while len(pairs) < count:
        a, b = (int(node) for node in draw.sample(range(len(tracks)), 2))
        a, b = int(tracks[a]), int(tracks[b])
        pairs.append({"a": a, "b": b, "from": f"track:{keys[a]}", "to": f"track:{keys[b]}"})
    return pairs


def ask(connection, sql, pair):
    """The rows of one call, and its microseconds as the client sees them."""
    with connection.cursor() as cursor:
        started = time.perf_counter()
        cursor.execute(sql, pair)
        rows = cursor.fetchall()
        elapsed = (time.perf_counter() - started) * 1e6
        names = [column.name for column in cursor.description]
    return [dict(zip(names, row)) for row in rows], elapsed


def series(bench, name, who, connection, sql, pairs, warm_up=()):
    """One session, call after call; notes median, p99 and the longest. Returns each pair's rows."""
    for pair in warm_up:
        ask(connection, sql, pair)
    bench.quiet()
    bench.load.start()
    answers = [ask(connection, sql, pair) for pair in pairs]
    foreign = bench.load.foreign()
    latencies = sorted(elapsed for _, elapsed in answers)
    for figure, value in (("median", percentile(latencies, 0.5)), ("p99", percentile(latencies, 0.99)), ("max", latencies[-1])):
        bench.note(name, f"{who}: {figure}", value, "us", foreign)
    return [rows for rows, _ in answers]


def peers(connection, bench, name, pairs, warm_up, counts):
    """pgRouting and SQL over the same edges. Returns (pgRouting's, the join's) rows of each pair that was asked."""
    query(connection, sql_file("paths_edges.sql"))
    # Its pages are at hand afterwards.
    query(connection, "VACUUM (ANALYZE) bench.edges")
    query(connection, "CHECKPOINT")
    statements = {
        "pgr_bdDijkstra": PGROUTING,
        "recursive CTE, 4 hops": sql_file("paths_cte.sql"),
        CHEAPEST: sql_file("paths_cte_cheapest.sql"),
        "hand-written join": sql_file("paths_join.sql"),
    }
    if query(connection, "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pgrouting')")[0][0]:
        query(connection, "CREATE EXTENSION pgrouting CASCADE")
        bench.fact("pgRouting", query(connection, "SELECT extversion FROM pg_extension WHERE extname = 'pgrouting'")[0][0])
    else:
        say("  pgRouting is not installed for this PostgreSQL: left out")
        del statements["pgr_bdDijkstra"]
    found = {}
    for who, sql in statements.items():
        some = pairs[:counts[who]]
        if who == "hand-written join":
            found[who] = series(bench, name, who, connection, sql, some, warm_up)
        else:
            found[who] = [bench.time(name, who, lambda: ask(connection, sql, pair)[0]) for pair in some]
    within = sum(rows[0]["min"] is not None for rows in found["recursive CTE, 4 hops"])
    bench.fact(f"{name}: pairs that the CTE finds within 4 hops", [within, len(found["recursive CTE, 4 hops"])])
    return found.get("pgr_bdDijkstra", []), found["hand-written join"]


def ours(connection, bench, name, pairs, warm_up, rounds):
    """sgr_paths in sessions of their own. Returns the best path of each pair."""
    best = []
    for k in (1, 10):
        for _ in range(rounds):
            session = connect(connection.info.dbname)
            answers = series(bench, name, f"sgr_paths(k => {k})", session, OURS.format(k=k), pairs, warm_up)
            session.close()
            if k == 1:
                best = [rows[0] if rows else None for rows in answers]
    found = [row["hops"] for row in best if row]
    bench.fact(f"{name}: hops of the best path, pairs", {hops: found.count(hops) for hops in sorted(set(found))})
    # Connected, but by paths of more hops, or by one that the search gave up before: their times count all the same.
    bench.fact(f"{name}: pairs without a path of {MAX_HOPS} hops", len(best) - len(found))
    for pair in pairs[:FRESH]:
        session = connect(connection.info.dbname)
        bench.quiet()
        bench.load.start()
        _, elapsed = ask(session, OURS.format(k=1), pair)
        bench.note(name, "sgr_paths: first call of a session", elapsed, "us", bench.load.foreign())
        session.close()
    return best


def check(bench, name, best, routed, joined):
    """The contestants must have found paths of the same cost: pgRouting of any length, the join of up to four hops."""
    wrong, compared, cheaper = [], 0, 0
    for who, rows, longest in (("pgRouting", routed, MAX_HOPS), ("join", joined, 4)):
        for mine, theirs in zip(best, (row[0] for row in rows)):
            if mine is None:
                right = theirs["cost"] is None or who != "join" and theirs["hops"] > longest
            elif theirs["cost"] is None:
                right = who != "join" or mine["hops"] > longest
            else:
                compared += 1
                alike = abs(mine["cost"] - theirs["cost"]) < TOLERANCE
                if who == "join":
                    right = alike if mine["hops"] <= longest else mine["cost"] < theirs["cost"]
                else:
                    # pgr_bdDijkstra 3.4 stops too early now and then: a cheaper path is no mistake of ours, a dearer one is.
                    cheaper += mine["cost"] < theirs["cost"] - TOLERANCE
                    right = mine["cost"] < theirs["cost"] + TOLERANCE or theirs["hops"] > longest
            if not right:
                wrong.append(f"{who} {dict(theirs)}, sgr_paths {mine and (mine['hops'], mine['cost'], mine['path'])}")
    bench.fact(f"{name}: paths compared, and of another cost", [compared, len(wrong)])
    bench.fact(f"{name}: paths cheaper than pgRouting's", cheaper)
    if wrong:
        fail(f"{len(wrong)} of {compared} paths cost something else: " + "; ".join(wrong[:5]))


def explanations(bench, rounds, count):
    """Why a recommendation: tracks of the demo catalogue with one of the ten that sgr_recommend gives for each."""
    connection = database("bench_explain")
    questions = {who: sql_file(f"{who.removeprefix('sgr_')}.sql") for who in ("sgr_explain", "sgr_explanations")
                 if built(connection, who)}
    if not questions:
        say("  sgr_explain is not built: left out")
        return
    query(connection, "SELECT * FROM sgr_demo_load()")
    query(connection, "SELECT * FROM sgr_build_kg('{cooccurrence,triples}')")
    query(connection, "VACUUM (ANALYZE)")
    draw = random.Random(1)
    pairs = []
    while len(pairs) < count + WARM_UP:
        track = draw.randint(1, 5000)
        found = query(connection, "SELECT track_id FROM sgr_recommend(%s)", (track,))
        pairs.append({"a": str(track), "b": str(draw.choice(found)[0])})
    for _ in range(rounds):
        for who, sql in questions.items():
            session = connect("bench_explain")
            series(bench, "explanations", who, session, sql, pairs[:count], pairs[count:])
            session.close()
    connection.close()


def beside(bench, name, judged):
    """How many times longer the others take for the same."""
    figure = Figures(bench)
    size = name.removeprefix("paths, ")
    rows = []
    for who in PEERS:
        theirs = figure(name, f"{who}: median" if who == "hand-written join" else who)
        if who != "hand-written join":
            theirs.value = theirs.value and theirs.value * 1e6
        bar = (">=", TIMES_FASTER) if judged and who in ("pgr_bdDijkstra", "recursive CTE, 4 hops") else ("", None)
        rows.append(against(1, f"{who} / sgr_paths(k => 1), {size}", *bar, theirs,
                            figure(name, "sgr_paths(k => 1): median"), span))
    return rows


def alone(bench, name):
    figure = Figures(bench)
    size = name.removeprefix("paths, ")
    one, ten, first = "sgr_paths(k => 1)", "sgr_paths(k => 10)", "sgr_paths: first call of a session"
    values = bench.values(name, first)
    return [
        below(2, f"median of {one}, {size}", figure(name, f"{one}: median"), 5, micro),
        below(2, f"p99 of {one}, {size}", figure(name, f"{one}: p99"), 50, micro),
        against(3, f"{ten} / {one}, medians, {size}", "<=", 5, figure(name, f"{ten}: median"),
                figure(name, f"{one}: median"), micro),
        below(4, f"first call of a session, median of {FRESH}, {size}", figure(name, first), 100, micro),
        below(4, f"the slowest of them, {size}", Figure(max(values) if values else None, bench.noisy(name, first)), 100, micro),
    ]


def verdicts(bench, names):
    figure = Figures(bench)
    rows = []
    for name in names:
        # The first size is there for bar 5.
        rows += beside(bench, name, name != names[0]) + alone(bench, name)
    if len(names) > 1:
        small, large = (figure(name, "sgr_paths(k => 1): median") for name in (names[0], names[-1]))
        what = " / ".join(name.removeprefix("paths, ") for name in (names[-1], names[0]))
        rows.append(against(5, f"median of sgr_paths(k => 1), {what}", "<=", 2, large, small, micro))
    for who in ("sgr_explain", "sgr_explanations"):
        rows.append(below(6, f"median of {who}", figure("explanations", f"{who}: median"), 10, micro))
    return rows


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh paths")
    parser.add_argument("--quick", action="store_true", help="small sizes, results to build/")
    parser.add_argument("--playlists", help="sizes, separated by commas, results to build/")
    parser.add_argument("--wait", type=float, default=180, help="seconds to wait in all for other work on the machine")
    parser.add_argument("--out", help="folder for the results")
    return parser.parse_args()


def main():
    args = arguments()
    started = time.monotonic()
    today = datetime.date.today().isoformat()
    complete = not args.quick and not args.playlists
    folder = BENCH / "results" / (machine.folder_name(today) + "-paths") if complete else WORK / "results"
    if args.out:
        folder = (BENCH.parent / args.out).resolve()
    log_to(folder / "output.txt")
    tracks, scenes, sizes = (5_000, 20, [1_000, 3_000]) if args.quick else (TRACKS, SCENES, PLAYLISTS)
    if args.playlists:
        sizes = [int(size) for size in args.playlists.split(",")]
    count, rounds = (100, 1) if args.quick else (PAIRS, 2)
    bench = Bench(args.quick, 5 if args.quick else args.wait)
    names = []
    about = None
    for playlists in sizes:
        say(f"loading {tracks:,} tracks, {playlists:,} playlists")
        connection = database("bench_paths")
        about = about or machine.describe(connection)
        name = load(connection, bench, tracks, playlists, scenes)
        names.append(name)
        pairs = choose_pairs(connection, count + WARM_UP)
        counts = {**PEERS, CHEAPEST: 0} if args.quick or playlists > CHEAPEST_UP_TO else PEERS
        routed, joined = peers(connection, bench, name, pairs[:count], pairs[count:], counts)
        if built(connection, "sgr_paths"):
            check(bench, name, ours(connection, bench, name, pairs[:count], pairs[count:], rounds), routed, joined)
        else:
            say("  sgr_paths is not built: left out")
        connection.close()
    say("explanations")
    explanations(bench, rounds, count)

    about["command"] = " ".join(["bench/run.sh paths", *sys.argv[1:]])
    about["date"] = today
    about["minutes"] = (time.monotonic() - started) / 60
    about["judged"] = not args.quick
    rows = verdicts(bench, names)
    report.write(folder, bench, about, rows)
    say(f"results in {folder.name}")
    print("\n".join(row.row(about["judged"]) for row in rows))


if __name__ == "__main__":
    main()
