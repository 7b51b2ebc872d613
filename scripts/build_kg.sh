#!/usr/bin/env bash
# Builds the knowledge graph of the demo catalogue on a throwaway server, twice, and prints the validation report.

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

"$ROOT/scripts/install.sh"
say "building the graph of the demo catalogue on a throwaway server"
exec "$ROOT/scripts/server.sh" run -- psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --pset pager=off \
    --file "$ROOT/scripts/build_kg.sql"
