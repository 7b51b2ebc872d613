#!/usr/bin/env bash
# Runs the examples of README.md and docs/*.md; the last line is "N passed, N failed", and the exit code says the same.
#
#   tests/docs.sh [FILE...]      on the server of PGHOST, PGPORT, ...; without PGHOST on a throwaway server of its own
#   tests/docs.sh --accept ...   then writes what was printed into the outputs: read the difference before you commit it
#
# Each file gets a fresh database, `music`, and one psql session that starts in an empty folder. In the file's order:
#
#   ```sql            is run, psql's backslash commands too; with `sql skip REASON` it is not
#   ```sh test        is run by bash; any other ```sh is not
#   ```output         is what the block before it must print, but for trailing blanks
#   <!-- setup        SQL that the reader need not see, up to a line -->
#   <!-- printed      SQL that prints Markdown, up to a line -->; what follows, up to <!-- end -->, is what it must print
#   <!-- replace A B  in the blocks that follow, A stands for B: host names, ports; B may hold $PGHOST and the like
#
# The first block that fails ends its file; those after it count as failed.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
if [ -z "${PGHOST:-}" ]; then exec "$ROOT/scripts/server.sh" run -- "$0" "$@"; fi

accept=no
if [ "${1:-}" = --accept ]; then accept=yes; shift; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# cut FILE FOLDER: the blocks as FOLDER/N.sql or N.sh, their outputs as N.want, and FOLDER/script, which runs them all.
# FOLDER/where has a line "N LINE" for each: where it stands in FILE.
cut_blocks() {
    awk -v folder="$2" '
        function finish() { close(path); if (kind != "want") print "\\echo @@done " n >script }
        function begin(extension) {
            n++
            path = folder "/" n "." extension
            print n, NR >(folder "/where")
            printf "" >path
            print "\\echo @@begin " n >script
            if (extension == "sh")
                print "\\! bash -euo pipefail " path " && echo @@ok" >script
            else
                print "\\i " path >script
        }
        function replaced(line,    i, at, rest) {
            for (i = 1; i <= swaps; i++) {
                rest = line; line = ""
                while ((at = index(rest, from[i])) > 0) {
                    line = line substr(rest, 1, at - 1) to[i]
                    rest = substr(rest, at + length(from[i]))
                }
                line = line rest
            }
            return line
        }
        BEGIN { script = folder "/script" }
        kind == "markdown" {
            if (/^<!-- end -->/) kind = ""
            else print >path
            next
        }
        kind == "" && /^<!-- replace / {
            swaps++
            from[swaps] = $3
            to[swaps] = $4
            while (match(to[swaps], /\$[A-Z]+/))
                to[swaps] = substr(to[swaps], 1, RSTART - 1) ENVIRON[substr(to[swaps], RSTART + 1, RLENGTH - 1)] \
                    substr(to[swaps], RSTART + RLENGTH)
            next
        }
        kind == "" && /^<!-- setup/ { kind = "setup"; begin("sql"); next }
        kind == "setup" && /^-->/ { finish(); kind = ""; next }
        kind == "" && /^<!-- printed/ {
            kind = "printed"
            begin("sql")
            print "\\pset format unaligned\n\\pset tuples_only on" >path
            next
        }
        kind == "printed" && /^-->/ {
            print "\\pset format aligned\n\\pset tuples_only off" >path
            finish()
            kind = "markdown"
            path = folder "/" n ".want"
            printf "" >path
            next
        }
        kind == "" && /^```sql *$/ { kind = "sql"; begin("sql"); next }
        kind == "" && /^```sh test *$/ { kind = "sh"; begin("sh"); next }
        kind == "" && /^```output *$/ { kind = "want"; path = folder "/" n ".want"; printf "" >path; next }
        kind == "" && /^```[a-z]/ { kind = "other"; next }
        /^``` *$/ { if (kind != "" && kind != "other") finish(); kind = ""; next }
        kind != "" && kind != "other" { print (kind == "want" ? $0 : replaced($0)) >path }
    ' "$1"
}

# check FILE
check() {
    local file=$1 name folder n line got
    name=${file#"$ROOT"/}
    folder="$work/${name//\//-}"
    mkdir -p "$folder/scratch"
    cut_blocks "$file" "$folder"
    if [ ! -f "$folder/where" ]; then return; fi
    psql -Xqc "DROP DATABASE IF EXISTS music" -c "CREATE DATABASE music" postgres 2>/dev/null
    (cd "$folder/scratch" && PGDATABASE=music PGOPTIONS="--client-min-messages=warning" \
        psql -X --set ON_ERROR_STOP=1 --pset pager=off --quiet --file ../script >../got 2>../errors) || true
    while read -r n line; do
        awk -v n="$n" '$0 == "@@begin " n { on = 1; next } $0 == "@@done " n { exit } on' "$folder/got" >"$folder/$n.got"
        if ! grep -qx "@@done $n" "$folder/got" || { [ -f "$folder/$n.sh" ] && ! grep -qx "@@ok" "$folder/$n.got"; }; then
            failed=$((failed + 1))
            echo "$name:$line: this block fails" >&2
            sed "s|^|    |" "$folder/errors" >&2
            : >"$folder/errors"
            continue
        fi
        got=$(grep -vx "@@ok" "$folder/$n.got" | sed 's/ *$//' || true)
        echo "$got" >"$folder/$n.got"
        if [ $accept = no ] && [ -f "$folder/$n.want" ] && ! diff <(sed 's/ *$//' "$folder/$n.want" | sed -e :a -e '/^\n*$/{$d;N;ba' -e '}') <(echo "$got") >"$folder/diff"; then
            failed=$((failed + 1))
            echo "$name:$line: prints something else (<: written, >: printed)" >&2
            sed "s|^|    |" "$folder/diff" >&2
            continue
        fi
        passed=$((passed + 1))
    done <"$folder/where"
    psql -Xqc "DROP DATABASE IF EXISTS music" postgres
    if [ $accept = yes ]; then take_over "$file" "$folder"; fi
}

# take_over FILE FOLDER: the outputs in FILE become what was printed.
take_over() {
    awk -v folder="$2" '
        function number(    line) { return (getline line <(folder "/where")) > 0 ? line + 0 : 0 }
        inside && /^``` *$/ { inside = 0; dropping = 0 }
        markdown && /^<!-- end -->/ { markdown = 0; dropping = 0 }
        dropping { next }
        { print }
        !inside && (/^```sql *$/ || /^```sh test *$/ || /^<!-- setup/ || /^<!-- printed/) { n = number() }
        !inside && /^<!-- printed/ { printed = 1 }
        printed && /^-->/ {
            while ((getline line <(folder "/" n ".got")) > 0) print line
            printed = 0
            markdown = 1
            dropping = 1
        }
        !inside && /^```output *$/ {
            while ((getline line <(folder "/" n ".got")) > 0) print line
            dropping = 1
        }
        !inside && /^```[a-z]/ { inside = 1 }
    ' "$1" >"$2/accepted"
    cat "$2/accepted" >"$1"
}

files=("$@")
if [ ${#files[@]} -eq 0 ]; then files=("$ROOT"/README.md "$ROOT"/docs/*.md); fi
for file in "${files[@]}"; do check "$(realpath "$file")"; done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
