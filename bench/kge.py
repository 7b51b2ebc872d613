"""Embeddings through SQL on FB15k-237 and CoDEx-S, beside PyKEEN; bench/run.sh kge calls it with a server in the environment."""

import argparse
import datetime
import json
import os
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import kge_signal
import machine
import report
from harness import BENCH, ROOT, WORK, Bench, connect, database, fail, log_to, one, query, say
from memory import Watch
from report import Figure, Figures, Verdict, seconds

DATA = Path(os.environ.get("SGR_DATA", ROOT.parent / "shared" / "data"))
PARTS = ("train", "valid", "test")
# Held out triples that PyKEEN ranks: all of them take it minutes.
PEER_RANKED = 2_000

FB, CODEX = "FB15k-237", "CoDEx-S"
# As PyKEEN has them: one side of each true triple is corrupted, by chance.
SAME = {"negatives": 32, "chunk": 1024, "epochs": 5, "corruption": "uniform"}
QUICK = ("transe, 10 epochs", FB, {"model": "transe"})
LONG = ("transe, minutes", FB, {"model": "transe", "epochs": 50, "negatives": 1024, "learning_rate": 0.2})
RUNS = [
    QUICK,
    LONG,
    ("transh", FB, {"model": "transh", "epochs": 24, "pretrain_epochs": 16, "negatives": 512, "learning_rate": 0.2}),
    ("transr", FB, {"model": "transr", "epochs": 36, "pretrain_epochs": 18, "negatives": 512, "learning_rate": 0.2}),
    ("rotate", FB, {"model": "rotate", "dim": 256, "epochs": 40, "negatives": 1024, "learning_rate": 0.2,
                    "loss": "sampled_softmax"}),
    ("distmult", FB, {"model": "distmult", "dim": 256, "epochs": 24}),
    ("complex", FB, {"model": "complex", "dim": 256, "epochs": 24, "regularization": 0.3}),
    ("transe", CODEX, {"model": "transe", "dim": 256, "epochs": 60, "negatives": 1024, "learning_rate": 0.1}),
    # All entities are negatives, true ones too.
    ("complex", CODEX, {"model": "complex", "dim": 512, "epochs": 14, "negatives": 2048, "filter_negatives": False,
                        "chunk": 128, "init_scale": 0.02, "regularization": 0.05}),
]
# Bars of filtered metrics on the test part: metric, at least.
BARS = {
    ("transe, 10 epochs", FB): {"mrr": 0.313, "hits_at_10": 0.497},
    ("transe, minutes", FB): {"mrr": 0.325, "hits_at_10": 0.515},
    ("transh", FB): {"hits_at_10": 0.50},
    ("transr", FB): {"hits_at_10": 0.51},
    ("rotate", FB): {"mrr": 0.335},
    ("distmult", FB): {"mrr": 0.34},
    ("complex", FB): {"mrr": 0.35},
    ("transe", CODEX): {"mrr": 0.344},
    ("complex", CODEX): {"mrr": 0.455},
}
# Seconds that a run may take, loading and storing included.
LIMITS = {("transe, 10 epochs", FB): 20, ("transe, minutes", FB): 300}
LIMIT = 1200


def files():
    """Folders with train.txt, valid.txt, test.txt."""
    archive, codex = DATA / "kge_fb15k_237" / "FB15k-237.tar.gz", DATA / "kge_codex_s"
    for path in (archive, codex):
        if not path.exists():
            fail(f"there is no {path}; SGR_DATA names the folder of the data sets")
    folder = WORK / "fb15k_237"
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return {FB: next(folder.rglob("train.txt")).parent, CODEX: codex}


def graph(name, part):
    return f"{name} {part}"


def load(connection, bench, folders):
    """Each part of each data set is a named graph."""
    for name, folder in folders.items():
        started = time.perf_counter()
        for part in PARTS:
            # The server's user reads it.
            copy = WORK / f"{name}-{part}.tsv"
            copy.write_bytes((folder / f"{part}.txt").read_bytes())
            copy.chmod(0o644)
            query(connection, "SELECT sgr_triples_import(%s, graph => %s)", (str(copy), graph(name, part)))
        bench.fact(f"{name}: sgr_triples_import of all parts, s", round(time.perf_counter() - started, 2))
    query(connection, "VACUUM (ANALYZE)")


def train(connection, bench, what, name, settings, watch=None):
    """One call of sgr_kge_train. Returns its row, and the client's seconds."""
    settings = {"graph": graph(name, "train"), "validation_graph": graph(name, "valid"), "neighbours": 0,
                "activate": False, "threads": 2, **settings}
    named = ", ".join(f"{key} => %({key})s" for key in settings)
    bench.quiet()
    bench.load.start()
    started = time.perf_counter()
    row = one(connection, f"SELECT * FROM sgr_kge_train({named})", settings)
    elapsed = time.perf_counter() - started
    foreign = bench.load.foreign()
    bench.note(name, f"{what}: sgr_kge_train", elapsed, "s", foreign)
    bench.note(name, f"{what}: triples per second", row["triples_per_second"], "1/s", foreign)
    return row, elapsed


def judge(connection, bench, what, name, model_id):
    row = bench.time(name, f"{what}: sgr_kge_eval", lambda: one(
        connection, """SELECT * FROM sgr_kge_eval(%s, graph => %s, known_graph => %s, threads => 2)
                       WHERE relation IS NULL AND side = 'both'""",
        (model_id, graph(name, "test"), graph(name, "valid"))))
    measured = {key: round(row[key], 4) for key in ("mrr", "mean_rank", "hits_at_1", "hits_at_3", "hits_at_10", "raw_mrr")}
    bench.fact(f"{name}: {what}: test, filtered", measured)
    return measured


def peer(bench, folders, ranked):
    python = WORK / "venv-kge" / "bin" / "python"
    bench.quiet()
    bench.load.start()
    run = subprocess.run([python, BENCH / "kge_peer.py", folders[FB] / "train.txt", folders[FB] / "test.txt", str(ranked)],
                         capture_output=True, text=True)
    if run.returncode != 0:
        fail(f"PyKEEN: {run.stderr[-2000:]}")
    row = json.loads(run.stdout.splitlines()[-1])
    foreign = bench.load.foreign()
    bench.fact("PyKEEN", row)
    bench.note(FB, "PyKEEN: triples per second", row["triples_per_second"], "1/s", foreign)
    bench.note(FB, "PyKEEN: ranking, triples per second", row["ranked"] / row["ranking_s"], "1/s", foreign)


def same_settings(connection, bench, rounds):
    """Speed as PyKEEN's settings have it, on two threads and on one; the model's own defaults on one, too."""
    for _ in range(rounds):
        for threads in (2, 1):
            train(connection, bench, f"PyKEEN's settings, {threads} threads", FB, {**SAME, "threads": threads})
            train(connection, bench, f"defaults, {threads} threads", FB, {"epochs": 3, "threads": threads})


def memory(connection, bench):
    """The backend's private memory at its peak beside what sgr_kge_estimate said."""
    said = one(connection, "SELECT memory_bytes FROM sgr_kge_estimate(graph => %s, validation_graph => %s, threads => 2)",
               (graph(FB, "train"), graph(FB, "valid")))["memory_bytes"]
    # A session of its own: memory that was freed stays with the process.
    session = connect(connection.info.dbname)
    query(session, "SET client_min_messages = warning; SELECT sgr_version()")
    watch = Watch(session.info.backend_pid)
    watch.start()
    train(session, bench, "for its memory", FB, {"epochs": 1})
    bench.note("memory", "peak", watch.stop() / 2**20, "MiB")
    session.close()
    bench.note("memory", "estimate", said / 2**20, "MiB")


def verdicts(bench, results, ranked_all):
    figure = Figures(bench)
    rows = []
    theirs = figure(FB, "PyKEEN: triples per second")
    if theirs.value:
        mine = figure(FB, "PyKEEN's settings, 2 threads: triples per second")
        ratio = mine / theirs
        rows.append(Verdict(1, "triples per second / PyKEEN's, its settings", ratio,
                            f"{ratio.value:.0f}× ({mine.value:,.0f} / {theirs.value:,.0f})", ">=", 100))
    for (what, name), (metrics, elapsed, _, _) in results.items():
        number = {"transe, 10 epochs": 2, "transe, minutes": 2}.get(what, 4) if name == FB else 5
        for metric, least in BARS.get((what, name), {}).items():
            rows.append(Verdict(number, f"{name}, {what}: {metric}", Figure(metrics[metric]), f"{metrics[metric]:.4f}", ">=",
                                least, ""))
        noisy = bench.noisy(name, f"{what}: sgr_kge_train")
        rows.append(Verdict(number, f"{name}, {what}: sgr_kge_train", Figure(elapsed, noisy), seconds(elapsed), "<=",
                            LIMITS.get((what, name), LIMIT), " s"))
    ranking = figure(FB, "transe, 10 epochs: sgr_kge_eval")
    if ranking.value:
        rows.append(Verdict(3, f"sgr_kge_eval of the test part, {ranked_all:,} triples", ranking, seconds(ranking.value), "<=", 1, " s"))
    quick = results.get(("transe, 10 epochs", FB))
    if quick:
        # The share of a minute: loading and storing do not depend on the number of epochs.
        rest = Figure(quick[2] / 60 * 100, bench.noisy(FB, "transe, 10 epochs: sgr_kge_train"))
        rows.append(Verdict(6, "loading, validating, storing: share of a training of one minute", rest,
                            f"{rest.value:.1f} % ({seconds(quick[2])})", "<=", 20, " %"))
    for what in ("defaults", "PyKEEN's settings"):
        two, single = (figure(FB, f"{what}, {threads} threads: triples per second") for threads in (2, 1))
        ratio = two / single
        if ratio.value:
            rows.append(Verdict(7, f"triples per second of 2 threads / 1, {what}", ratio,
                                f"{ratio.value:.2f}× ({two.value:,.0f} / {single.value:,.0f})", ">=", 1.7))
    peak, said = figure("memory", "peak"), figure("memory", "estimate")
    if said.value:
        ratio = peak / said
        rows.append(Verdict(8, "peak of private memory / sgr_kge_estimate", ratio,
                            f"{ratio.value:.2f}× ({peak.value:.0f} / {said.value:.0f} MiB)", "<=", 1.1))
    return rows


def table(results):
    """For docs/KGE.md."""
    yield "| data | run | MRR | Hits@1 | Hits@3 | Hits@10 | minutes | settings that differ from the model's defaults |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- |"
    for (what, name), (metrics, elapsed, _, settings) in results.items():
        numbers = " | ".join(f"{metrics[key]:.3f}" for key in ("mrr", "hits_at_1", "hits_at_3", "hits_at_10"))
        own = ", ".join(f"{key} {value}" for key, value in settings.items() if key != "model") or "none"
        yield f"| {name} | {what} | {numbers} | {elapsed / 60:.1f} | {own} |"


def arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh kge")
    parser.add_argument("--quick", action="store_true", help="two epochs each, without PyKEEN, results to build/")
    parser.add_argument("--only", action="append", default=[],
                        help="runs whose name contains this (also: memory, speed, pykeen, signal); may be repeated; results to build/")
    parser.add_argument("--part", help="keep the results of --only, in a folder of this name beside those of complete runs")
    parser.add_argument("--wait", type=float, default=180, help="seconds to wait in all for other work on the machine")
    return parser.parse_args()


def main():
    args = arguments()
    started = time.monotonic()
    today = datetime.date.today().isoformat()
    kept = not args.quick and (args.part or not args.only)
    folder_name = machine.folder_name(today) + "-kge" + (f"-{args.part}" if args.part else "")
    folder = BENCH / "results" / folder_name if kept else WORK / "results"
    wanted = lambda what: not args.only or any(text in what for text in args.only)
    log_to(folder / "output.txt")
    bench = Bench(args.quick, 5 if args.quick else args.wait)
    folders = files()
    connection = database("bench_kge")
    about = machine.describe(connection)
    load(connection, bench, folders)
    query(connection, "SET client_min_messages = warning")
    results = {}
    # First what needs a quiet machine most.
    if wanted("memory"):
        memory(connection, bench)
    if wanted("speed"):
        same_settings(connection, bench, 1 if args.quick else 3)
    if wanted("pykeen") and not args.quick:
        peer(bench, folders, PEER_RANKED)
    for what, name, settings in RUNS:
        if not wanted(f"{name}, {what}"):
            continue
        if args.quick:
            settings = {**settings, "epochs": 2, "pretrain_epochs": 1, "negatives": 32}
        row, elapsed = train(connection, bench, what, name, settings)
        metrics = judge(connection, bench, what, name, row["model_id"])
        learning = row["triples_learned"] * row["epochs_run"] / row["triples_per_second"]
        results[what, name] = metrics, elapsed, elapsed - learning, settings
        bench.fact(f"{name}: {what}: parameters", one(
            connection, "SELECT parameters FROM sgr_models WHERE model_id = %s", (row["model_id"],))["parameters"])
        query(connection, "SELECT sgr_model_drop(%s)", (row["model_id"],))
    ranked = query(connection, "SELECT count(*) FROM sgr.kg_triples WHERE graph = %s", (graph(FB, "test"),))[0][0]
    if wanted("signal"):
        kge_signal.run(bench, DATA)
    about["command"] = " ".join(["bench/run.sh kge", *sys.argv[1:]])
    about["date"] = today
    about["minutes"] = (time.monotonic() - started) / 60
    about["judged"] = not args.quick
    rows = verdicts(bench, results, ranked)
    report.write(folder, bench, about, rows)
    lines = list(table(results))
    (folder / "table.md").write_text("\n".join(lines) + "\n")
    say(f"results in {folder.name}")
    print("\n".join([*lines, *(row.row(about["judged"]) for row in rows)]))


if __name__ == "__main__":
    main()
