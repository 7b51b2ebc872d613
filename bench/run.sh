#!/usr/bin/env bash
# Benchmarks side by side with what a user would take instead, on one throwaway server; see bench/README.md.
#
#   bench/run.sh            everything, about 12 minutes; results go to bench/results/<date>-<os>-<cpu>/
#   bench/run.sh --quick    the same on small sizes and without the Python peers, under a minute; results go to build/
#   bench/run.sh --only pairs,latency      some of: pairs, large, incremental, copy, latency, memory
#   bench/run.sh graph [--quick]           the knowledge graph: cleaning, fusion, export; about 8 minutes
#   bench/run.sh paths [--quick]           path search and explanations beside pgRouting and SQL; about 30 minutes
#   bench/run.sh kge [--quick]             embeddings on FB15k-237 and CoDEx-S, beside PyKEEN; about an hour
#   bench/run.sh mkr [--quick]             the joint model beside RecBole's MKR; about 10 minutes
#   bench/run.sh recommend [--quick]       recommenders on Last.FM and the demo: quality and time; about 20 minutes
#
# paths installs Debian's package of pgRouting where it is missing and can be had.
#
# The installed extension is measured: run scripts/install.sh before, as `make bench` does.

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/../scripts/steps.sh"
# shellcheck source=scripts/pg.sh
. "$ROOT/scripts/pg.sh"

# pgRouting is a contestant, not a need: without it the rest is measured.
need_pgrouting() {
    local control package="postgresql-$PG_MAJOR-pgrouting"
    control="$("$PG_CONFIG" --sharedir)/extension/pgrouting.control"
    if [ -f "$control" ] || ! command -v apt-get >/dev/null; then return; fi
    say "installing $package"
    ready_for_root "apt-get install $package"
    quiet bench-apt-update as_root apt-get -o DPkg::Lock::Timeout=300 update </dev/null || true
    quiet bench-apt-install as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$package" </dev/null || true
    if [ ! -f "$control" ]; then say "there is no pgRouting for $PG_CONFIG: it is left out"; fi
}

program=main.py
case ${1:-} in graph | paths | kge | mkr | recommend) program=$1.py && shift ;; esac
case "$program $* " in
    paths.py*) packages=(numpy psycopg2-binary scipy) ;;
    graph.py* | kge.py* | mkr.py* | recommend.py* | *" --quick "*) packages=(psycopg2-binary) ;;
    *) packages=(duckdb implicit numpy psycopg2-binary scipy) ;;
esac

use_postgres
[ -f "$("$PG_CONFIG" --sharedir)/extension/sgr_graph.control" ] || die "sgr_graph is not installed" "scripts/install.sh"
alone bench
if [ $program = paths.py ]; then need_pgrouting; fi

work="$BUILD/bench"
mkdir -p "$work"
# The libraries for Python beside it, from PyPI, in the versions of requirements.txt.
if [ ! -x "$work/venv/bin/python" ]; then
    say "making $work/venv"
    python3 -m venv "$work/venv" || die "python3 cannot make a virtual environment" "Debian: apt-get install python3-venv"
fi
quiet bench-pip "$work/venv/bin/pip" install --disable-pip-version-check \
    --constraint "$ROOT/bench/requirements.txt" "${packages[@]}"
# PyKEEN wants a world of its own.
if [ "$program $*" = "kge.py " ] && [ ! -x "$work/venv-kge/bin/pykeen" ]; then
    say "installing PyKEEN and torch into $work/venv-kge, some gigabytes"
    python3 -m venv "$work/venv-kge"
    quiet bench-pykeen "$work/venv-kge/bin/pip" install --disable-pip-version-check \
        --constraint "$ROOT/bench/requirements.txt" pykeen torch
fi
if [ "$program $*" = "mkr.py " ] && [ ! -x "$work/venv-recbole/bin/python" ]; then
    say "installing RecBole and torch into $work/venv-recbole, some gigabytes"
    python3 -m venv "$work/venv-recbole"
    quiet bench-recbole "$work/venv-recbole/bin/pip" install --disable-pip-version-check recbole==1.2.1 ray 'setuptools<80' psutil torch
fi
if [ $program = main.py ]; then
    say "building the engine without Postgres around it"
    quiet bench-engine cargo build --release --manifest-path "$ROOT/bench/engine/Cargo.toml" --target-dir "$work/target"
fi

export SGR_BENCH_WORK="$work"
# One server for everybody. What differs from the defaults is what anyone would set on a machine of 8 GB and more;
# full-page writes, fsync and checksums stay as they come.
exec "$ROOT/scripts/server.sh" run --durable \
    --conf shared_buffers=2GB --conf effective_cache_size=6GB --conf maintenance_work_mem=1GB \
    --conf max_wal_size=8GB --conf min_wal_size=4GB --conf checkpoint_timeout=30min --conf random_page_cost=1.1 --conf log_checkpoints=off \
    -- "$work/venv/bin/python" "$ROOT/bench/$program" "$@"
