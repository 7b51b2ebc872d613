# shellcheck shell=bash
# Sourced by every script here: strict mode, the root of the tree, one line per step, logs, running as root.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD="$ROOT/build"
LOGS="$BUILD/log"

# make's job server and flags confuse cargo and the C builds it starts.
unset MAKEFLAGS MFLAGS MAKELEVEL

# Rust may be installed without the shell having read its profile since.
if ! command -v cargo >/dev/null && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
    PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
fi

say() { printf -- '- %s\n' "$*"; }

# die MESSAGE [HINT...]: the message, then one line per hint.
die() {
    printf 'error: %s\n' "$1" >&2
    shift
    if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
    exit 1
}

# quiet NAME COMMAND...: the output goes to build/log/NAME.log; on failure its tail is shown. V=1 shows everything.
quiet() {
    local log="$LOGS/$1.log" status=0
    shift
    mkdir -p "$LOGS"
    if [ -n "${V:-}" ]; then
        "$@" 2>&1 | tee "$log" || status=$?
    else
        "$@" >"$log" 2>&1 || status=$?
    fi
    if [ "$status" -ne 0 ]; then
        if [ -z "${V:-}" ]; then tail -n "${TAIL:-40}" "$log" >&2; fi
        printf 'failed (exit code %s): %s\n  whole log: %s\n' "$status" "$*" "$log" >&2
    fi
    return "$status"
}

# as_root COMMAND...: runs it with root's rights, through sudo for everybody else; ready_for_root comes first.
as_root() {
    if [ "$EUID" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# ready_for_root WHAT: asks for the sudo password, if one is needed, before a step's output goes to a log.
ready_for_root() {
    if [ "$EUID" -eq 0 ]; then return; fi
    command -v sudo >/dev/null || die "this needs root's rights, and there is no sudo here" "as root: $1"
    sudo -n true 2>/dev/null || sudo -v || die "this needs root's rights, and sudo does not give them" "as root: $1"
}

# alone NAME: waits until no other script of this tree holds NAME; held until the script ends.
alone() {
    mkdir -p "$BUILD"
    exec 9>"$BUILD/$1.lock"
    if ! flock --nonblock 9; then
        say "waiting for another $1 in this tree"
        flock 9
    fi
}
