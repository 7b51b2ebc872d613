# shellcheck shell=bash
# Sourced after steps.sh: which PostgreSQL to build for and run, and the versions that the tree asks for.
#
# Set here: PG_CONFIG, PG_MAJOR, PG_BINDIR (use_postgres), PGRX_VERSION.
# Order: PG_CONFIG=... of the caller; pg_config in PATH; the newest complete one of the usual folders.

PG_OLDEST=14
PG_NEWEST=18

# Every pgrx crate and cargo-pgrx must have one version; Cargo.toml is the place that says which.
PGRX_VERSION=$(sed -n 's/^pgrx *=.*"=\([0-9][0-9.]*\)".*/\1/p' "$ROOT/Cargo.toml")
[ -n "$PGRX_VERSION" ] || die "Cargo.toml pins no pgrx version" 'expected: pgrx = { version = "=X.Y.Z", ... }'

# When another cargo-pgrx is installed for other projects, ours lives beside it.
PGRX_OWN_ROOT="${XDG_CACHE_HOME:-$HOME/.cache}/sgr_graph/cargo-pgrx-$PGRX_VERSION"
if [ -d "$PGRX_OWN_ROOT/bin" ]; then PATH="$PGRX_OWN_ROOT/bin:$PATH"; fi

# pg_major PG_CONFIG: 15 for "PostgreSQL 15.20 (Debian ...)"; nothing if it cannot be run.
pg_major() { { "$1" --version 2>/dev/null || true; } | sed -n 's/^PostgreSQL \([0-9][0-9]*\).*/\1/p'; }

# pg_lack PG_CONFIG: prints why this PostgreSQL cannot be built for and run; prints nothing if it can.
pg_lack() {
    local major bindir
    if [ ! -x "$1" ]; then echo "there is no such program"; return; fi
    major=$(pg_major "$1")
    if [ -z "$major" ]; then echo "it does not say its version"; return; fi
    if [ "$major" -lt "$PG_OLDEST" ] || [ "$major" -gt "$PG_NEWEST" ]; then
        echo "it is version $major, supported are $PG_OLDEST to $PG_NEWEST"; return
    fi
    if [ ! -f "$("$1" --includedir-server)/postgres.h" ]; then echo "its server headers are not installed"; return; fi
    bindir=$("$1" --bindir)
    if [ ! -x "$bindir/postgres" ] || [ ! -x "$bindir/initdb" ]; then echo "its server is not installed"; return; fi
    if [ ! -x "$bindir/psql" ]; then echo "its client programs are not installed"; fi
}

# Debian's /usr/bin/pg_config only passes on to the one of a version: name that one.
pg_canonical() {
    local real
    real="$("$1" --bindir 2>/dev/null || true)/pg_config"
    if [ -x "$real" ]; then echo "$real"; else echo "$1"; fi
}

# Where versions lie: Debian and Ubuntu, then Red Hat, then a build from source.
pg_usual_places() {
    local major
    for ((major = PG_NEWEST; major >= PG_OLDEST; major--)); do
        echo "${SGR_PG_PREFIX:-}/usr/lib/postgresql/$major/bin/pg_config"
        echo "${SGR_PG_PREFIX:-}/usr/pgsql-$major/bin/pg_config"
    done
    echo "${SGR_PG_PREFIX:-}/usr/local/pgsql/bin/pg_config"
}

# find_postgres: sets PG_CONFIG and returns 0, or returns 1 if none is complete.
find_postgres() {
    local candidate
    PG_CONFIG=${PG_CONFIG:-${PGRX_PG_CONFIG_PATH:-}}
    if [ -n "$PG_CONFIG" ]; then
        if [[ $PG_CONFIG != */* ]]; then PG_CONFIG=$(command -v "$PG_CONFIG" || echo "$PG_CONFIG"); fi
        PG_CONFIG=$(pg_canonical "$PG_CONFIG")
        [ -z "$(pg_lack "$PG_CONFIG")" ]
        return
    fi
    candidate=$(command -v pg_config || true)
    if [ -n "$candidate" ]; then
        candidate=$(pg_canonical "$candidate")
        if [ -z "$(pg_lack "$candidate")" ]; then PG_CONFIG=$candidate; return 0; fi
    fi
    while read -r candidate; do
        if [ -z "$(pg_lack "$candidate")" ]; then PG_CONFIG=$candidate; return 0; fi
    done < <(pg_usual_places)
    return 1
}

# The pg_config that `cargo pgrx init` has written down for this version, if any.
pgrx_configured() {
    local file="${PGRX_HOME:-$HOME/.pgrx}/config.toml"
    if [ -f "$file" ]; then sed -n "s/^pg$PG_MAJOR *= *[\"']\(.*\)[\"'].*/\1/p" "$file"; fi
}

# use_postgres: as find_postgres, or ends the script; exports what cargo and the other scripts need.
use_postgres() {
    local configured
    find_postgres || die "no complete PostgreSQL $PG_OLDEST to $PG_NEWEST found${PG_CONFIG:+ at $PG_CONFIG: $(pg_lack "$PG_CONFIG")}" \
        "make setup installs it; or name one: PG_CONFIG=/path/to/pg_config"
    PG_MAJOR=$(pg_major "$PG_CONFIG")
    PG_BINDIR=$("$PG_CONFIG" --bindir)
    export PG_CONFIG PG_MAJOR PG_BINDIR
    # Builds follow pgrx's own settings where they agree with PG_CONFIG, so that a plain cargo call rebuilds nothing;
    # where they name another PostgreSQL, the variable wins and the settings stay as they are.
    configured=$(pgrx_configured)
    configured=${PGRX_PG_CONFIG_PATH:-$configured}
    if [ -n "$configured" ] && [ "$(pg_canonical "$configured")" != "$PG_CONFIG" ]; then
        export PGRX_PG_CONFIG_PATH="$PG_CONFIG"
    fi
}
