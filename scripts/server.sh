#!/usr/bin/env bash
# Throwaway PostgreSQL servers for the demo, the tests and the benchmarks: a temporary folder, a unix socket in it and
# nothing else to connect to, removed at the end. Root's servers run as another user, as PostgreSQL wants it.
#
#   scripts/server.sh run [OPTION...] -- COMMAND [ARG...]   start, run COMMAND as the caller, stop; COMMAND's exit code
#   scripts/server.sh start [OPTION...]                     start and leave it up; prints where it is
#   scripts/server.sh stop | status | env                   of the server that start started
#   scripts/server.sh stop-all                              every server that start started from this tree
#
#   --conf 'name=value'   a setting of the server, any number of them
#   --durable             fsync on, as in production (benchmarks); the tests do without
#   --name NAME           more than one server of start (default: demo)
#
# COMMAND finds in its environment: PGHOST PGPORT PGUSER PGDATABASE, PATH with the server's programs first, PG_CONFIG,
# SGR_SERVER_DATA, SGR_SERVER_LOG, SGR_SERVER_PID_FILE, SGR_SERVER_BIN, SGR_SERVER_USER (whom the server runs as).

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=scripts/pg.sh
. "$ROOT/scripts/pg.sh"

usage() { sed -n '2,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2; exit 2; }

action=${1:-}
[ $# -gt 0 ] && shift
name=demo
durable=no
conf=()
while [ $# -gt 0 ]; do
    case $1 in
        --conf) [ $# -ge 2 ] || usage; conf+=("$2"); shift 2 ;;
        --durable) durable=yes; shift ;;
        --name) [ $# -ge 2 ] || usage; name=$2; shift 2 ;;
        --) shift; break ;;
        *) usage ;;
    esac
done
STATE="$BUILD/server-$name.env"

# Else pgrx puts a Rust back trace into the DETAIL of errors.
unset RUST_BACKTRACE

DIR=''
SERVER_USER=''
child=''

# The namespace of process ids: who shares /tmp need not share these.
pid_space() { readlink /proc/self/ns/pid 2>/dev/null || echo none; }

# as_server COMMAND...: as the user of the server, in a folder that this user can read.
as_server() {
    if [ "$SERVER_USER" = "$(id -un)" ]; then
        (cd "$DIR" && "$@")
    else
        (cd "$DIR" && runuser -u "$SERVER_USER" -- "$@")
    fi
}

choose_user() {
    if [ "$EUID" -ne 0 ]; then
        SERVER_USER=$(id -un)
    elif getent passwd postgres >/dev/null; then
        SERVER_USER=postgres
    else
        SERVER_USER=sgr_graph
        if ! getent passwd sgr_graph >/dev/null; then
            useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin sgr_graph
        fi
    fi
}

# Only the name of the socket carries the port, unless a test opens TCP; then it must be free.
free_port() {
    local port
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 12000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
    done
    die "no free port found"
}

make_server() {
    local tmp=${TMPDIR:-/tmp} status=0 line
    use_postgres
    # The path of a unix socket has at most about 100 characters.
    if [ ${#tmp} -gt 50 ]; then tmp=/tmp; fi
    sweep "$tmp"
    choose_user
    DIR=$(mktemp -d "$tmp/sgr-server.XXXXXX")
    # Nobody else gets in: connections are trusted.
    chmod 700 "$DIR"
    echo "$$ $(pid_space)" >"$DIR/owner"
    chown -R "$SERVER_USER" "$DIR"
    as_server test -x "$PG_BINDIR/postgres" ||
        die "user $SERVER_USER cannot run $PG_BINDIR/postgres" "root's servers run as $SERVER_USER: choose another PG_CONFIG"

    for line in "${!PG@}"; do
        case $line in PG_CONFIG | PG_MAJOR | PG_BINDIR | PG_OLDEST | PG_NEWEST | PGRX*) ;; *) unset "$line" ;; esac
    done
    export PGHOST="$DIR" PGPORT PGUSER=postgres PGDATABASE=postgres
    PGPORT=$(free_port)
    export SGR_SERVER_DATA="$DIR/data" SGR_SERVER_LOG="$DIR/server.log" SGR_SERVER_PID_FILE="$DIR/data/postmaster.pid"
    export SGR_SERVER_BIN="$PG_BINDIR" SGR_SERVER_USER="$SERVER_USER"
    PATH="$PG_BINDIR:$PATH"

    as_server "$PG_BINDIR/initdb" --pgdata data --username postgres --auth-local trust --auth-host reject \
        --encoding UTF8 --locale C.UTF-8 --no-sync >"$DIR/initdb.log" 2>&1 || status=$?
    if [ $status -ne 0 ]; then cat "$DIR/initdb.log" >&2; die "initdb failed"; fi

    {
        printf '\n# scripts/server.sh\n'
        printf "%s\n" "listen_addresses = ''" "unix_socket_directories = '$DIR'" "port = $PGPORT" \
            "max_worker_processes = 64" "log_min_messages = warning" "log_line_prefix = '%m [%p] '" \
            "logging_collector = off" "timezone = 'UTC'" "log_timezone = 'UTC'"
        if [ $durable = no ]; then
            printf "%s\n" "fsync = off" "synchronous_commit = off" "full_page_writes = off"
        fi
        for line in "${conf[@]}"; do
            # name=value, the value quoted here if the caller has not done so
            [[ $line == *=* ]] || die "--conf wants name=value, not: $line"
            printf "%s = '%s'\n" "${line%%=*}" "$(sed "s/^ *'\(.*\)' *$/\1/; s/^ *//; s/'/''/g" <<<"${line#*=}")"
        done
    } >>"$DIR/data/postgresql.conf"

    as_server "$PG_BINDIR/pg_ctl" start --wait --timeout 60 --silent --pgdata data --log server.log </dev/null \
        >"$DIR/start.log" 2>&1 || status=$?
    if [ $status -ne 0 ]; then
        cat "$DIR/start.log" >&2
        die "the server did not start"
    fi
}

show_log() {
    if [ -n "$DIR" ] && [ -s "$DIR/server.log" ]; then
        printf -- '--- end of the server log\n' >&2
        tail -n 40 "$DIR/server.log" >&2
        printf -- '---\n' >&2
    fi
}

# remove_server: stops the server of DIR, the hard way if it must be, and removes the folder.
remove_server() {
    if [ -z "$DIR" ] || [ ! -d "$DIR" ]; then return 0; fi
    if [ -f "$DIR/data/postmaster.pid" ]; then
        as_server "$PG_BINDIR/pg_ctl" stop --mode fast --timeout 20 --silent --pgdata data >/dev/null 2>&1 ||
            as_server "$PG_BINDIR/pg_ctl" stop --mode immediate --timeout 20 --silent --pgdata data >/dev/null 2>&1 || true
    fi
    rm -rf "$DIR"
}

# sweep FOLDER: removes what a killed `run` of this user left behind: its owner is gone, its server may be up.
sweep() {
    local folder owner space
    for folder in "$1"/sgr-server.??????; do
        if [ ! -f "$folder/owner" ] || [ ! -r "$folder/owner" ]; then continue; fi
        read -r owner space <"$folder/owner" || continue
        if [ "$owner" = kept ] || [ -d "/proc/$owner" ] || [ "$space" != "$(pid_space)" ]; then continue; fi
        DIR=$folder
        SERVER_USER=$(stat -c %U "$folder")
        remove_server
    done
}

# All processes below PID, PID last.
descendants() {
    local child
    # shellcheck disable=SC2013  # one word per process
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do descendants "$child"; done
    echo "$1"
}

run() {
    local status=0
    [ $# -gt 0 ] || usage
    clean_up_at_exit
    make_server
    # In the background, so that a signal to this script is acted on at once. The signals that bash ignores there are
    # given back, and the terminal stays the command's.
    (trap - INT QUIT TERM HUP EXIT; exec "$@") <&0 &
    child=$!
    wait "$child" || status=$?
    child=''
    exit "$status"
}

clean_up_at_exit() {
    trap 'finish $?' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
}

finish() {
    trap '' INT TERM HUP
    trap - EXIT
    if [ -n "$child" ]; then
        # shellcheck disable=SC2046  # one word per process
        kill -TERM $(descendants "$child") 2>/dev/null || true
        wait "$child" 2>/dev/null || true
    fi
    # Stopped by a signal: nothing went wrong with the server.
    if [ "$1" -ne 0 ] && [ "$1" -lt 128 ]; then show_log; fi
    remove_server
    exit "$1"
}

load_state() {
    [ -f "$STATE" ] || return 1
    # shellcheck source=/dev/null
    . "$STATE"
    DIR=$PGHOST
    SERVER_USER=$SGR_SERVER_USER
    PG_BINDIR=$SGR_SERVER_BIN
}

alive() { [ -d "$DIR" ] && as_server "$PG_BINDIR/pg_ctl" status --pgdata data >/dev/null 2>&1; }

start() {
    local variable
    if load_state; then
        if alive; then die "a server is up already" "$0 stop --name $name"; fi
        remove_server
        rm -f "$STATE"
        DIR=''
    fi
    clean_up_at_exit
    make_server
    echo "kept $(pid_space)" >"$DIR/owner"
    mkdir -p "$BUILD"
    for variable in PGHOST PGPORT PGUSER PGDATABASE PG_CONFIG "${!SGR_SERVER_@}"; do
        printf 'export %s=%q\n' "$variable" "${!variable}"
    done >"$STATE.new"
    mv "$STATE.new" "$STATE"
    trap - EXIT
    env_lines
}

stop() {
    if load_state; then
        remove_server
        rm -f "$STATE"
    fi
}

# Lines for eval: the environment that a command of `run` gets.
env_lines() {
    load_state || die "no server was started"
    cat "$STATE"
    # shellcheck disable=SC2016  # the reader expands it
    printf 'export PATH=%q:"$PATH"\n' "$PG_BINDIR"
}

case $action in
    run) run "$@" ;;
    start) start ;;
    stop) stop ;;
    stop-all)
        for STATE in "$BUILD"/server-*.env; do stop; done
        ;;
    status)
        if ! load_state || ! alive; then echo "not running"; exit 1; fi
        echo "running: host=$PGHOST port=$PGPORT"
        ;;
    env) env_lines ;;
    *) usage ;;
esac
