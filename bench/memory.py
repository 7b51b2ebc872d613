"""Bar 6: the private memory that a refresh takes at its peak, against what sgr_cooccur_estimate says."""

import threading
import time
from pathlib import Path

from harness import connect, one, query

# Between two looks at the process. The refresh's large columns live for tenths of a second.
INTERVAL = 0.001


def status(pid, field):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    return 0


class Watch(threading.Thread):
    """The highest RssAnon of a process: its own memory, without shared buffers and program files."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid = pid
        self.before = self.peak = status(pid, "RssAnon")
        self.looks = 0
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(INTERVAL):
            self.peak = max(self.peak, status(self.pid, "RssAnon"))
            self.looks += 1

    def stop(self):
        self.ended.set()
        self.join()
        return max(0, self.peak - self.before)


def run(database, bench, label):
    """Each kind in a session of its own, which has loaded the library and nothing else."""
    for basket, item in [("playlist", "track"), ("like", "track"), ("playlist", "artist"), ("like", "artist")]:
        said = one(connect(database), "SELECT * FROM sgr_cooccur_estimate(%s, %s)", (basket, item))["memory_bytes"]
        connection = connect(database)
        query(connection, "SELECT sgr_version()")
        pid = connection.info.backend_pid
        shared = status(pid, "RssShmem")
        # The kernel's own peak of everything, shared buffers included: an VmHWM, less shared buffers that no glimpse can miss.
        try:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        except OSError:
            pass
        start = status(pid, "VmRSS")
        watch = Watch(pid)
        watch.start()
        outcome = one(connection, "SELECT * FROM sgr_cooccur_refresh(%s, %s, mode => 'full')", (basket, item))
        peak = watch.stop()
        kernel = status(pid, "VmHWM") - start - (status(pid, "RssShmem") - shared)
        name = f"memory, {label}"
        who = f"{item}s by {basket}s"
        bench.note(name, f"{who}: peak", peak / 2**20, "MiB")
        bench.note(name, f"{who}: VmHWM, less shared buffers", kernel / 2**20, "MiB")
        bench.note(name, f"{who}: estimate", said / 2**20, "MiB")
        bench.note(name, f"{who}: memory_bytes of the refresh", outcome["memory_bytes"] / 2**20, "MiB")
        connection.close()
        time.sleep(0.1)
