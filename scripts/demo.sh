#!/usr/bin/env bash
# The demo: sets up, builds, installs, starts a throwaway server, loads a catalogue and shows recommendations.
#
#   scripts/demo.sh         at a terminal the server stays up until Ctrl-C or `make demo-stop`; elsewhere it is stopped
#   DATA=folder ...         the catalogue of CSV files (scripts/load_csv.sh) instead of the made one

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

if [ -n "${DATA:-}" ]; then
    "$ROOT/scripts/load_csv.sh" --check "$DATA"
    DATA=$(cd "$DATA" && pwd)
fi

"$ROOT/scripts/install.sh"

server="$ROOT/scripts/server.sh"
"$server" stop

# Stops our own server only: a second `make demo` may have replaced it.
host=''
stop() {
    local status=$?
    trap '' INT TERM HUP
    if [ -z "$host" ] || [ -d "$host" ]; then "$server" stop; fi
    exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say "starting a throwaway server"
mkdir -p "$LOGS"
"$server" start >/dev/null
eval "$("$server" env)"
host=$PGHOST

psql=(psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --pset pager=off)
show_failure() { tail -n 20 "$SGR_SERVER_LOG" >&2; exit 1; }

"${psql[@]}" --command "CREATE EXTENSION sgr_graph" || show_failure
if [ -n "${DATA:-}" ]; then
    say "loading the CSV files of $DATA"
    "$ROOT/scripts/load_csv.sh" "$DATA"
    own=(--set own_data=1)
else
    own=()
fi
"${psql[@]}" "${own[@]}" --file "$ROOT/scripts/demo.sql" || show_failure

if [ ! -t 0 ] || [ ! -t 1 ] || [ -n "${CI:-}" ]; then
    say "no terminal: stopping the server"
    exit 0
fi

cat <<TEXT

The server is up. From another terminal, as $(id -un):
  $SGR_SERVER_BIN/psql 'host=$PGHOST port=$PGPORT user=$PGUSER dbname=$PGDATABASE'
Ctrl-C here or \`make demo-stop\` there stops it and removes its data.
TEXT
trap 'exit 0' INT
while [ -f "$SGR_SERVER_PID_FILE" ]; do sleep 1; done
say "the server was stopped"
