"""Bars 4 and 5: what one question costs, by pgbench's own log of every transaction."""

import subprocess
import tempfile
from pathlib import Path

from harness import BENCH, SERVER_BIN, fail, query


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def pgbench(connection, bench, script, clients, seconds, variables):
    """Latencies in microseconds and transactions per second of one run."""
    bench.quiet()
    with tempfile.TemporaryDirectory(prefix="sgr-pgbench.") as folder:
        command = [SERVER_BIN / "pgbench", "--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--jobs={clients}",
                   f"--time={seconds}", f"--file={BENCH / 'sql' / script}", "--log", f"--log-prefix={folder}/log",
                   "--random-seed=1", *(f"--define={name}={value}" for name, value in variables.items()),
                   connection.info.dbname]
        bench.load.start()
        done = subprocess.run(command, capture_output=True, text=True)
        foreign = bench.load.foreign()
        if done.returncode:
            fail(f"pgbench: {done.stderr}")
        latencies = sorted(int(line.split()[2]) for log in Path(folder).iterdir() for line in log.open())
    tps = float(done.stdout.split("tps = ")[1].split()[0])
    return {"median": percentile(latencies, 0.5), "p95": percentile(latencies, 0.95), "p99": percentile(latencies, 0.99),
            "max": latencies[-1], "tps": tps, "transactions": len(latencies), "foreign": foreign}


def measure(connection, bench, name, scripts, variables, clients, rounds, seconds):
    """All contestants in turn, `rounds` times. The first is what the others are compared with, round by round: on a
    machine that falls asleep between two questions waking it up is most of a look-up, on a busy one it is nothing."""
    for script in scripts.values():
        pgbench(connection, bench, script, clients, 1, variables)
    for _ in range(rounds):
        yardstick = None
        for who, script in scripts.items():
            result = pgbench(connection, bench, script, clients, seconds, variables)
            if yardstick:
                bench.note(name, f"{who}: median / that of {next(iter(scripts))}", result["median"] / yardstick["median"],
                           "×", max(result["foreign"], yardstick["foreign"]))
            else:
                yardstick = result
            for figure in ("median", "p95", "p99"):
                bench.note(name, f"{who}: {figure}", result[figure], "us", result["foreign"])
            bench.note(name, f"{who}: tps", result["tps"], "1/s", result["foreign"])


def run(connection, bench):
    """After a full refresh of everything."""
    rounds, seconds = (1, 1) if bench.quick else (5, 3)
    query(connection, "SELECT * FROM sgr_cooccur_refresh(mode => 'full')")
    query(connection, "VACUUM (ANALYZE)")
    query(connection, "CHECKPOINT")
    low, high, tracks = query(connection, "SELECT min(track_id), max(track_id), count(*) FROM sgr.tracks")[0]
    if (low, high) != (1, tracks):
        fail("the ids of the tracks are not 1 to n")
    scripts = {"primary key": "primary_key.sql", "sgr_related": "related.sql", "sgr_recommend": "recommend.sql"}
    measure(connection, bench, "latency, 1 client", scripts, {"tracks": tracks}, 1, rounds, seconds)
    measure(connection, bench, "latency, 2 clients", scripts, {"tracks": tracks}, 2, max(1, rounds - 2), seconds)

    query(connection, """DROP TABLE IF EXISTS bench.users;
        CREATE TABLE bench.users AS
        SELECT row_number() OVER (ORDER BY user_id) AS n, user_id
        FROM (SELECT DISTINCT user_id FROM sgr.interactions WHERE kind = 'like') AS u;
        ALTER TABLE bench.users ADD PRIMARY KEY (n)""")
    users = query(connection, "SELECT count(*) FROM bench.users")[0][0]
    likes = query(connection, "SELECT count(*) FROM sgr.interactions WHERE kind = 'like'")[0][0]
    bench.fact("users with likes, likes", [users, likes])
    measure(connection, bench, "similar users", {"sgr_similar_users": "similar_users.sql"}, {"users": users}, 1,
            rounds, seconds)
