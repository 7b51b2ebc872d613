"""Recommenders through SQL on two samples of Last.FM and the demo catalogue: what sgr_eval_report says of them, and how long
training takes; bench/run.sh recommend calls it with a server in the environment."""

import argparse
import datetime
import json
import os
import statistics
import sys
from pathlib import Path

import machine
from harness import BENCH, ROOT, WORK, Bench, database, fail, log_to, one, query, say

DATA = Path(os.environ.get("SGR_DATA", ROOT.parent / "shared" / "data"))
MKR = DATA / "mkr_music"
HETREC = DATA / "hetrec2011_lastfm" / "user_artists.dat"

SIMPLE = [(model, model, {}) for model in ("item_knn", "rp3beta", "ease", "ials", "bpr", "lightgcn")]
OF_ROWS = ("auc", "user_auc", "accuracy", "log_loss", "calibration_error", "recall", "ndcg", "coverage", "popularity_lift")
OF_LISTS = ("recall", "ndcg", "mrr", "hit", "coverage", "novelty", "popularity_lift")


class Data:
    """Rows to split: how they get in, how and how often they are split, what is trained on them (name, model, params)."""

    def __init__(self, name, file, repeats, load, split, metrics, models, joint=()):
        self.name, self.file, self.repeats, self.load, self.split = name, file, repeats, load, split
        self.metrics, self.models, self.joint = metrics, models, joint


def copy(connection, table, columns, path, skipped=0):
    if not path.exists():
        fail(f"there is no {path.name}; SGR_DATA names the folder of the data sets")
    query(connection, f"DROP TABLE IF EXISTS bench.{table} CASCADE; CREATE TABLE bench.{table} ({columns})")
    with path.open() as rows, connection.cursor() as cursor:
        for _ in range(skipped):
            next(rows)
        cursor.copy_expert(f"COPY bench.{table} FROM STDIN", rows)


def load_mkr(connection):
    copy(connection, "ratings", "user_id bigint, item_id bigint, label integer", MKR / "ratings_final.mcclk.txt")
    copy(connection, "facts", "head bigint, relation bigint, tail bigint", MKR / "kg_final.mcclk.txt")


def load_hetrec(connection):
    copy(connection, "plays", "user_id bigint, item_id bigint, weight bigint", HETREC, skipped=1)
    # Listening counts are no labels.
    query(connection, "CREATE VIEW bench.listened AS SELECT user_id, item_id FROM bench.plays")


def load_demo(connection):
    query(connection, "SELECT FROM sgr_demo_load()")
    query(connection, "SELECT FROM sgr_fuse(); SELECT FROM sgr_triples_refresh()")


DATA_SETS = [
    Data("Last.FM, the files of MKR", "lastfm", 5, load_mkr,
         "ratios => '{0.6,0.2,0.2}', protocol => 'mkr', relation => 'bench.ratings'", OF_ROWS,
         SIMPLE + [("blend", "blend", {"triples": "bench.facts"})],
         [("mkr", ""), ("mkr no_kge", ", no_kge => true"), ("mkr random_kg", ", random_kg => true")]),
    Data("HetRec Last.FM, full", "hetrec", 2, load_hetrec,
         "ratios => '{0.8,0.1,0.1}', protocol => 'per_user', relation => 'bench.listened'", OF_LISTS,
         SIMPLE + [("blend", "blend", {"graph": "none"})]),
    Data("Demo catalogue, likes", "demo", 3, load_demo,
         "ratios => '{0.6,0.2,0.2}', protocol => 'mkr', kind => 'like'", OF_ROWS,
         SIMPLE + [("blend", "blend", {})]),
]
# Of one training, in seconds; at least or at most, of the mean over the splits.
LIMITS = {("hetrec", "ials"): 2.5, ("hetrec", "ease"): 3.0}
BARS = {("lastfm", "blend"): {"auc": (0.905, None), "user_auc": (0.895, None), "calibration_error": (None, 0.02)},
        ("hetrec", "blend"): {"ndcg": (0.21, None)}}


def seconds_of(rows):
    """The median of elapsed_ms, in seconds."""
    return statistics.median(elapsed / 1000 for elapsed, in rows)


def measure(connection, bench, data, repeats, folder):
    say(data.name)
    data.load(connection)
    split = one(connection, f"SELECT users, items, positives, train, validation, test FROM sgr_eval_split('{data.file}', "
                            f"repeats => {repeats}, {data.split})")
    say(f"  sgr_eval_split('{data.file}', repeats => {repeats}, {data.split}): {split}")
    took = {}
    for name, model, params in data.models:
        statement = "SELECT elapsed_ms FROM sgr_train(%s, %s, %s, %s)"
        rows = bench.time(data.name, f"{repeats} times sgr_train('{model}', '{data.file}', params => '{json.dumps(params)}')",
                          lambda: query(connection, statement, (model, data.file, f"{data.file} {name}", json.dumps(params))))
        took[name] = seconds_of(rows)
    for name, choices in data.joint:
        statement = f"SELECT elapsed_ms FROM sgr_joint_train('{data.file}', triples => 'bench.facts', name => '{data.file} {name}'{choices})"
        rows = bench.time(data.name, f"{repeats} times {statement.removeprefix('SELECT elapsed_ms FROM ')}", lambda: query(connection, statement))
        took[name] = seconds_of(rows)
    metrics = "{" + ",".join(data.metrics) + "}"
    report = bench.time(data.name, f"sgr_eval_report('{data.file}', metrics => '{metrics}')",
                        lambda: one(connection, "SELECT sgr_eval_report(%s, metrics => %s) AS report", (data.file, metrics)))["report"]
    (folder / f"{data.file}.md").write_text(report)
    return summary(data, took, repeats, report)


def summary(data, took, repeats, report):
    """The table of the documentation: that of the report, with the time of one training."""
    table = report.split("## Metrics\n\n", 1)[1].split("\n\n", 1)[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    shown = cells[0][1:]
    lines = [f"### {data.name}", "", f"`sgr_eval_split('{data.file}', repeats => {repeats}, {data.split})`", "",
             f"| model | {' | '.join(shown)} | one training |", "|" + " --- |" * (len(shown) + 2)]
    found = {}
    for name, *values in cells[2:]:
        plain = name.strip("*").removeprefix(f"{data.file} ")
        found[plain] = dict(zip(shown, values))
        limit = LIMITS.get((data.file, plain))
        time = "" if plain not in took else f"{took[plain]:.2f} s"
        if limit:
            time += f" (bar {limit} s: {'pass' if took[plain] <= limit else '**FAIL**'})"
        lines.append(f"| {name.replace(data.file + ' ', '')} | {' | '.join(values)} | {time} |")
    for (file, name), bars in BARS.items():
        for metric, (least, most) in bars.items():
            if file == data.file and name in found:
                value = float(found[name][metric].split()[0])
                passed = (least is None or value >= least) and (most is None or value <= most)
                bar = f"≥ {least}" if most is None else f"≤ {most}"
                lines += ["", f"Bar of {name}: {metric} {bar}: {value}, {'pass' if passed else '**FAIL**'}"]
    return lines + [""]


def main():
    parser = argparse.ArgumentParser(prog="bench/run.sh recommend")
    parser.add_argument("--quick", action="store_true", help="one split each, results to build/")
    parser.add_argument("--only", default=",".join(data.file for data in DATA_SETS), help="some of: lastfm, hetrec, demo")
    parser.add_argument("--models", help="of the models only these, by their names in the tables")
    parser.add_argument("--wait", type=float, default=60, help="seconds to wait in all for other work on the machine")
    args = parser.parse_args()
    if args.models:
        for data in DATA_SETS:
            data.models = [model for model in data.models if model[0] in args.models.split(",")]
            data.joint = [model for model in data.joint if model[0] in args.models.split(",")]
    today = datetime.date.today().isoformat()
    folder = WORK / "results" if args.quick else BENCH / "results" / (machine.folder_name(today) + "-recommend")
    log_to(folder / "output.txt")
    bench = Bench(args.quick, 0 if args.quick else args.wait)
    connection = database("bench_recommend")
    query(connection, "SET client_min_messages = warning")
    versions = one(connection, "SELECT version() AS server, (SELECT extversion FROM pg_extension WHERE extname = 'sgr_graph') AS sgr_graph")
    say(" ".join(["bench/run.sh recommend", *sys.argv[1:]]))
    say(f"sgr_graph {versions['sgr_graph']}, {versions['server']}, {machine.cpu()}, {os.cpu_count()} cores")
    lines = []
    for data in DATA_SETS:
        if data.file in args.only.split(","):
            lines += measure(connection, bench, data, 1 if args.quick else data.repeats, folder)
            (folder / "table.md").write_text("\n".join(lines))
            (folder / "raw.json").write_text(json.dumps({"samples": bench.samples, "facts": bench.facts}, indent=2) + "\n")
    say(f"results in {folder.name}")
    print("\n".join(lines))
    if any("**FAIL**" in line for line in lines):
        sys.exit(1)


if __name__ == "__main__":
    main()
