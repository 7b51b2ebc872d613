#!/usr/bin/env bash
# Writes what docs/KG_VALIDATION.md shows anew: the table of the checks from sgr.check_defaults, the examples, and the
# report of the demo catalogue. `make test-docs` fails when one of them differs from what the extension prints.
#
#   scripts/kg_validation_doc.sh       with the extension as installed; read the difference before you commit it

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
exec "$ROOT/tests/docs.sh" --accept "$ROOT/docs/KG_VALIDATION.md"
