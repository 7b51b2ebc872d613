#!/usr/bin/env bash
# Builds the extension in release mode and installs it into the PostgreSQL of PG_CONFIG.
#
# The build runs as the caller and stages the files under build/stage/; only those that differ from what is installed
# are copied, through sudo where the folder is not writable. A file is replaced by renaming: a running server keeps the
# library that it has mapped.
#
#   scripts/install.sh              setup, build, install
#   scripts/install.sh --stage      setup, build, stage; prints nothing else and installs nothing

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=scripts/pg.sh
. "$ROOT/scripts/pg.sh"

"$ROOT/scripts/setup.sh"
use_postgres
STAGE="$BUILD/stage/pg$PG_MAJOR"

say "building sgr_graph for PostgreSQL $PG_MAJOR (the first time takes some minutes)"
cd "$ROOT"
alone install
rm -rf "$STAGE"
mkdir -p "$STAGE"
quiet build cargo pgrx package --package sgr_graph --pg-config "$PG_CONFIG" --out-dir "$STAGE" \
    --no-default-features --features "pg$PG_MAJOR"
if [ "${1:-}" = --stage ]; then exit 0; fi

# run_in DIR COMMAND...: as the caller where DIR is writable, else as root.
run_in() {
    local dir=$1
    shift
    if [ -w "$dir" ]; then "$@"; else as_root "$@"; fi
}

# installed FILE TARGET: whether TARGET is what FILE would install. pgrx writes the objects of the install script in
# another order each time; all of them are in the library, so with the same library the same lines are the same script.
installed() {
    if cmp -s "$1" "$2"; then return 0; fi
    [[ $1 =~ /sgr_graph--[^-]+\.sql$ ]] && [ -f "$2" ] && [ $same_library = yes ] &&
        cmp -s <(LC_ALL=C sort "$1") <(LC_ALL=C sort "$2")
}

library="$("$PG_CONFIG" --pkglibdir)/sgr_graph.so"
same_library=no
if cmp -s "$STAGE$library" "$library"; then same_library=yes; fi
copied=0
mapfile -d '' -t files < <(find "$STAGE" -type f -print0)
for file in "${files[@]}"; do
    target="/${file#"$STAGE"/}"
    if installed "$file" "$target"; then continue; fi
    if [ $copied -eq 0 ]; then
        say "installing into $("$PG_CONFIG" --pkglibdir) and $("$PG_CONFIG" --sharedir)/extension"
        if [ ! -w "$(dirname "$target")" ]; then ready_for_root "make install"; fi
    fi
    run_in "$(dirname "$target")" install -m 644 "$file" "$target.new"
    run_in "$(dirname "$target")" mv -f "$target.new" "$target"
    copied=$((copied + 1))
done
if [ $copied -eq 0 ]; then say "already installed, nothing changed"; fi
