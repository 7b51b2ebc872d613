"""What ran where: versions, settings, the machine."""

import hashlib
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from harness import CORES, ROOT, SERVER_BIN, query

SETTINGS = """SELECT name, current_setting(name) FROM pg_settings
              WHERE source NOT IN ('default', 'client', 'override', 'session') OR name IN
                ('work_mem', 'fsync', 'synchronous_commit', 'full_page_writes', 'wal_level', 'autovacuum', 'jit',
                 'max_parallel_workers_per_gather', 'wal_buffers')
              ORDER BY name"""
LIBRARY = "sgr_graph.so (sha256)"
# Where the server happens to lie.
PRIVATE = ("port", "unix_socket_directories", "data_directory", "config_file", "hba_file", "ident_file")


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def os_release():
    lines = Path("/etc/os-release").read_text().splitlines()
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    return {key: value.strip('"') for key, value in fields.items()}


def cpu():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def describe(connection):
    library = Path(output(SERVER_BIN / "pg_config", "--pkglibdir")) / "sgr_graph.so"
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    versions = {
        "PostgreSQL": query(connection, "SHOW server_version")[0][0],
        "sgr_graph": query(connection, "SELECT sgr_version()")[0][0],
        LIBRARY: hashlib.sha256(library.read_bytes()).hexdigest()[:16],
        "git": output("git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"),
        "rustc": output("rustc", "--version"),
        "Python": platform.python_version(),
    }
    for package in ("implicit", "scipy", "numpy", "duckdb", "psycopg2-binary"):
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            pass
    return {
        "machine": {"cpu": cpu(), "cores": CORES, "memory": f"{memory} MB", "kernel": platform.release(),
                    "system": os_release().get("PRETTY_NAME", platform.platform())},
        "versions": versions,
        "settings": {name: value for name, value in query(connection, SETTINGS) if name not in PRIVATE},
    }


def folder_name(date):
    release = os_release()
    system = release.get("ID", "linux") + release.get("VERSION_ID", "")
    processor = "-".join(cpu().replace("(R)", "").replace("(TM)", "").split()[:3])
    plain = "".join(c if c.isalnum() or c in "-." else "-" for c in f"{system}-{processor}-{CORES}cores".lower())
    return f"{date}-{plain}"
