"""Connections, quiet moments, samples: what every benchmark here stands on."""

import json
import os
import statistics
import sys
import time
from pathlib import Path

import psycopg2

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
WORK = Path(os.environ["SGR_BENCH_WORK"])
SERVER_BIN = Path(os.environ["SGR_SERVER_BIN"])
SERVER_FOLDER = Path(os.environ["PGHOST"])
CORES = os.cpu_count()

# A machine counts as quiet when others take less than this share of one core.
QUIET = 0.15
TICK = os.sysconf("SC_CLK_TCK")


log = None


def log_to(path):
    """Keeps what is said from now on in a file, too."""
    global log
    path.parent.mkdir(parents=True, exist_ok=True)
    log = path.open("w")


def say(*words):
    line = " ".join((time.strftime("%H:%M:%S"), *words))
    print(line, flush=True)
    if log:
        print(line, file=log, flush=True)


def connect(database):
    connection = psycopg2.connect(dbname=database)
    connection.autocommit = True
    return connection


def query(connection, sql, args=None):
    """The rows of a statement, or None."""
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        return cursor.fetchall() if cursor.description else None


def one(connection, sql, args=None):
    """The first row of a statement as a dict."""
    with connection.cursor() as cursor:
        cursor.execute(sql, args)
        names = [column.name for column in cursor.description]
        return dict(zip(names, cursor.fetchone()))


def sql_file(name):
    return (BENCH / "sql" / name).read_text()


def database(name):
    """A new database with the extension and a schema for what the benchmarks put beside it."""
    admin = connect("postgres")
    query(admin, f"DROP DATABASE IF EXISTS {name}")
    query(admin, f"CREATE DATABASE {name}")
    connection = connect(name)
    query(connection, "CREATE EXTENSION sgr_graph")
    query(connection, "CREATE SCHEMA bench")
    return connection


class Load:
    """Processor time of the whole machine, and the share of it that is not ours: neither the server nor this program
    with its children."""

    def __init__(self):
        self.postmaster = int(Path(os.environ["SGR_SERVER_PID_FILE"]).read_text().split()[0])
        self.start()

    def start(self):
        self.at, self.busy, self.own = time.monotonic(), self._machine(), self._ours()

    def foreign(self):
        """Cores that others kept busy since start()."""
        seconds = max(time.monotonic() - self.at, 1e-6)
        return max(0.0, (self._machine() - self.busy - (self._ours() - self.own)) / TICK / seconds)

    @staticmethod
    def _machine():
        user, nice, system, _idle, _wait, irq, softirq, steal = map(
            int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9])
        return user + nice + system + irq + softirq + steal

    def _ours(self):
        return self._tree(self.postmaster) + self._tree(os.getpid())

    def _tree(self, root):
        """User and system time of a process, of the children it has buried, and of its living descendants."""
        total = 0
        waiting = [str(root)]
        while waiting:
            pid = waiting.pop()
            try:
                fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                total += sum(map(int, fields[11:15]))
                for task in os.listdir(f"/proc/{pid}/task"):
                    waiting += Path(f"/proc/{pid}/task/{task}/children").read_text().split()
            except (FileNotFoundError, ProcessLookupError):
                pass
        return total


class Bench:
    """Collects samples and facts."""

    def __init__(self, quick, wait):
        self.quick = quick
        self.wait = wait
        self.samples = []
        self.facts = {}
        self.load = Load()

    def quiet(self):
        """Waits until nobody else computes; after `wait` seconds in all it waits no longer."""
        while self.wait > 0:
            self.load.start()
            time.sleep(0.4)
            if self.load.foreign() < QUIET:
                return
            self.wait -= 0.4

    def note(self, bench, who, value, unit="s", foreign=None):
        """One sample. `foreign`: cores that others took meanwhile."""
        self.samples.append({"bench": bench, "who": who, "value": value, "unit": unit, "foreign": foreign})
        loud = f"  (others took {foreign:.2f} cores)" if foreign and foreign >= QUIET else ""
        say(f"  {bench}: {who}: {value:.6g} {unit}{loud}")

    def time(self, bench, who, action, repeats=1, before=None):
        """Seconds of `action()`, `repeats` times, each in a quiet moment if there is one. Returns its last result."""
        result = None
        for _ in range(repeats):
            if before:
                before()
            self.quiet()
            self.load.start()
            started = time.perf_counter()
            result = action()
            seconds = time.perf_counter() - started
            self.note(bench, who, seconds, "s", self.load.foreign())
        return result

    def of(self, bench, who):
        return [s for s in self.samples if s["bench"] == bench and s["who"] == who]

    def noisy(self, bench, who):
        """Whether others computed during more than half of the samples."""
        mine = self.of(bench, who)
        return 2 * sum((s["foreign"] or 0.0) >= QUIET for s in mine) > len(mine)

    def values(self, bench, who):
        """The calm samples of one contestant; all of them if most are noisy."""
        noisy = self.noisy(bench, who)
        return [s["value"] for s in self.of(bench, who) if noisy or (s["foreign"] or 0.0) < QUIET]

    def median(self, bench, who):
        values = self.values(bench, who)
        return statistics.median(values) if values else None

    def fact(self, name, value):
        """Something measured that is not a sample."""
        self.facts[name] = value
        say(f"  {name}: {json.dumps(value, default=str)}")


def fail(message):
    sys.exit(f"error: {message}")
