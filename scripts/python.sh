#!/usr/bin/env bash
# Makes build/venv, a Python with what the server tests check files and documents with (tests/server/requirements.txt); does
# nothing, fast, where it is there already. Python itself comes from the system, its venv module from apt-get if missing.

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

VENV="$BUILD/venv"
WANTED="$ROOT/tests/server/requirements.txt"

if cmp -s "$WANTED" "$VENV/requirements.txt"; then exit 0; fi
alone python
if cmp -s "$WANTED" "$VENV/requirements.txt"; then exit 0; fi

if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    command -v apt-get >/dev/null || die "missing: Python 3 with its modules venv and ensurepip" "install them by hand"
    ready_for_root "apt-get install python3-venv"
    say "installing system packages: python3-venv"
    quiet python-apt-update as_root apt-get -o DPkg::Lock::Timeout=300 update </dev/null ||
        say "that failed; trying with the lists that are there"
    quiet python-apt-install as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends python3-venv </dev/null
fi
say "installing DuckDB, pyarrow and jsonschema into build/venv"
rm -rf "$VENV"
quiet python-venv python3 -m venv "$VENV"
quiet python-pip "$VENV/bin/python" -m pip install --disable-pip-version-check --only-binary :all: --requirement "$WANTED"
cp "$WANTED" "$VENV/requirements.txt"
