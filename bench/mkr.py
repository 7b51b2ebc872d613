"""The joint model beside RecBole's MKR, at the same sizes, on MKR's Last.FM files; bench/run.sh mkr calls it with a server in
the environment."""

import argparse
import datetime
import json
import subprocess
import sys
import time

import machine
import report
from harness import BENCH, CORES, WORK, Bench, database, fail, log_to, one, query, say
from recommend import MKR, load_mkr
from report import Figure, Figures, Verdict, seconds

DIM = 64
# RecBole's default.
BATCH = 2048
# An epoch is the difference of two trainings, so that loading and storing do not count.
FEW, MANY = 5, 45
NAME = "Last.FM"


def train(connection, epochs, choices):
    settings = (f"rec_dim => {DIM}, kge_dim => {DIM}, batch_size => {BATCH}, kge_interval => 1, patience => 0, validate_every => 1000, "
                f"epochs => {epochs}, name => 'timed', replace => true, threads => {CORES}{choices}")
    row = one(connection, f"SELECT epochs_run, elapsed_ms FROM sgr_joint_train('lastfm', triples => 'bench.facts', {settings})")
    if row["epochs_run"] != epochs:
        fail(f"{row['epochs_run']} epochs were run, not {epochs}")
    return row["elapsed_ms"] / 1000


def epoch(connection, bench, what, choices, rounds):
    bench.quiet()
    for _ in range(rounds):
        bench.load.start()
        few, many = train(connection, FEW, choices), train(connection, MANY, choices)
        bench.note(NAME, f"sgr_joint_train: {what}", (many - few) / (MANY - FEW), "s", bench.load.foreign())


def peer(bench):
    bench.quiet()
    bench.load.start()
    run = subprocess.run([WORK / "venv-recbole" / "bin" / "python", "-W", "ignore", BENCH / "recbole_peer.py",
                          MKR / "ratings_final.mcclk.txt", MKR / "kg_final.mcclk.txt", str(DIM), str(CORES)],
                         capture_output=True, text=True, cwd=WORK)
    if run.returncode != 0:
        fail(f"RecBole: {run.stderr[-2000:]}")
    row = json.loads(run.stdout.splitlines()[-1])
    foreign = bench.load.foreign()
    bench.fact("RecBole", row)
    bench.note(NAME, "RecBole: interactions", row["rs_epoch_s"], "s", foreign)
    bench.note(NAME, "RecBole: triples", row["kg_epoch_s"], "s", foreign)
    bench.note(NAME, "RecBole: full ranking", row["full_ranking_s"], "s", foreign)


def verdicts(bench):
    figure = Figures(bench)
    rows = []
    ours, whole = figure(NAME, "sgr_joint_train: interactions"), figure(NAME, "sgr_joint_train: interactions and triples")
    theirs = figure(NAME, "RecBole: interactions")
    if theirs.value:
        ratio = theirs / ours
        rows.append(Verdict(1, "an epoch over interactions, RecBole's / ours", ratio,
                            f"{ratio.value:.0f}× ({theirs.value:.2f} s / {1000 * ours.value:.1f} ms)", ">=", 60))
        both = Figure(theirs.value + figure(NAME, "RecBole: triples").value)
        rows.append(Verdict(1, "an epoch over interactions and triples", both / whole,
                            f"{both.value / whole.value:.0f}× ({both.value:.2f} s / {1000 * whole.value:.1f} ms)", ">=", 60))
    ranking = figure(NAME, "sgr_eval: full ranking")
    rows.append(Verdict(1, "full ranking of the test part, loading included", ranking, seconds(ranking.value), "<=", 0.5, " s"))
    return rows


def main():
    parser = argparse.ArgumentParser(prog="bench/run.sh mkr")
    parser.add_argument("--quick", action="store_true", help="one round, without RecBole, results to build/")
    parser.add_argument("--wait", type=float, default=180, help="seconds to wait in all for other work on the machine")
    args = parser.parse_args()
    started = time.monotonic()
    today = datetime.date.today().isoformat()
    folder = WORK / "results" if args.quick else BENCH / "results" / (machine.folder_name(today) + "-mkr")
    log_to(folder / "output.txt")
    bench = Bench(args.quick, 5 if args.quick else args.wait)
    connection = database("bench_mkr")
    about = machine.describe(connection)
    query(connection, "SET client_min_messages = warning")
    load_mkr(connection)
    query(connection, "SELECT FROM sgr_eval_split('lastfm', ratios => '{0.6,0.2,0.2}', protocol => 'mkr', relation => 'bench.ratings')")
    rounds = 1 if args.quick else 3
    epoch(connection, bench, "interactions", ", no_kge => true", rounds)
    epoch(connection, bench, "interactions and triples", "", rounds)
    for _ in range(rounds):
        bench.time(NAME, "sgr_eval: full ranking", lambda: query(
            connection, f"SELECT * FROM sgr_eval('lastfm', '{{timed}}', '{{ndcg,recall}}', resamples => 0, threads => {CORES})"))
    if not args.quick:
        peer(bench)
    about["command"] = " ".join(["bench/run.sh mkr", *sys.argv[1:]])
    about["date"] = today
    about["minutes"] = (time.monotonic() - started) / 60
    about["judged"] = not args.quick
    rows = verdicts(bench)
    report.write(folder, bench, about, rows)
    say(f"results in {folder.name}")
    print("\n".join(row.row(about["judged"]) for row in rows))


if __name__ == "__main__":
    main()
