#!/usr/bin/env bash
# Loads the CSV files of a folder into the catalogue of the database that PGHOST, PGPORT, ... name.
#
#   scripts/load_csv.sh FOLDER
#   scripts/load_csv.sh --check FOLDER     only whether there is something to load; needs no server
#
# A file is named after its table: tracks.csv goes to sgr.tracks. The first line names the columns: any of the table's,
# in any order. An empty field is NULL; a list is written {rock,"hard rock"}. Entries of playlist_tracks.csv without a
# position are numbered as they come.

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

TABLES=(artists users tracks track_artists playlists playlist_tracks interactions follows)

check=no
if [ "${1:-}" = --check ]; then check=yes; shift; fi
folder=${1:-}
[ -n "$folder" ] || die "which folder?" "scripts/load_csv.sh FOLDER"
[ -d "$folder" ] || die "there is no folder $folder"
if [ ! -f "$folder/playlist_tracks.csv" ] && [ ! -f "$folder/interactions.csv" ]; then
    die "$folder holds neither playlist_tracks.csv nor interactions.csv" \
        "one of them is needed to recommend anything; known are: ${TABLES[*]/%/.csv}"
fi
if [ $check = yes ]; then exit 0; fi

sql() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }

# Sets `columns` to the names in the first line of a file: without byte order mark, carriage return, quotes, blanks.
read_header() {
    local line name
    IFS= read -r line <"$1" || [ -n "$line" ] || die "$1 is empty" "its first line must name the columns"
    line=${line#$'\xef\xbb\xbf'}
    line=${line%$'\r'}
    columns=()
    IFS=',' read -ra columns <<<"$line"
    for i in "${!columns[@]}"; do
        name=${columns[i]}
        name=${name#"${name%%[![:space:]]*}"}
        name=${name%"${name##*[![:space:]]}"}
        name=${name#\"}
        columns[i]=${name%\"}
    done
}

load() {
    local table=$1 file=$2 known column seen=' ' list message
    read_header "$file"
    known=$(sql --command "SELECT string_agg(attname, ' ' ORDER BY attnum) FROM pg_catalog.pg_attribute
        WHERE attrelid = 'sgr.$table'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''")
    for column in "${columns[@]}"; do
        if [[ " $known " != *" $column "* ]] || [ -z "$column" ]; then
            die "$file: unknown column \"$column\"" "sgr.$table has: ${known// /, }"
        fi
        if [[ $seen == *" $column "* ]]; then die "$file: column \"$column\" is named twice"; fi
        seen+="$column "
    done
    # These names are the table's own, so they need no quotes.
    list=$(IFS=','; echo "${columns[*]}")
    local copy="FROM STDIN WITH (FORMAT csv, HEADER true, FORCE_NULL ($list))"
    if [ "$table" = playlist_tracks ] && [[ $seen != *" position "* ]]; then
        message=$(sql --single-transaction \
            --command "CREATE TEMP TABLE incoming AS SELECT $list FROM sgr.playlist_tracks WITH NO DATA" \
            --command "ALTER TABLE incoming ADD line bigint GENERATED ALWAYS AS IDENTITY" \
            --command "COPY incoming ($list) $copy" \
            --command "INSERT INTO sgr.playlist_tracks ($list, position)
                SELECT $list, row_number() OVER (PARTITION BY playlist_id ORDER BY line) FROM incoming" \
            <"$file" 2>&1) || die "$file was not loaded:" "$message"
    else
        message=$(sql --command "COPY sgr.$table ($list) $copy" <"$file" 2>&1) || die "$file was not loaded:" "$message"
    fi
    say "$table: $(sql --command "SELECT count(*) FROM sgr.$table") rows"
}

for table in "${TABLES[@]}"; do
    if [ -f "$folder/$table.csv" ]; then load "$table" "$folder/$table.csv"; fi
done
sql --command "ANALYZE"
