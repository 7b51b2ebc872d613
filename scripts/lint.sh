#!/usr/bin/env bash
# Formatting, lints and documentation of all crates, syntax of the scripts. All checks run; the last line counts them.

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=scripts/pg.sh
. "$ROOT/scripts/pg.sh"

passed=0
failed=0

check() {
    local name=$1
    shift
    say "$name"
    if TAIL=80 quiet "lint-${name//[^a-z]/-}" "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

bash_syntax() {
    local script status=0
    for script in "${scripts[@]}"; do bash -n "$script" || status=1; done
    return $status
}

mkdir -p "$BUILD"
rm -f "$BUILD/lint-totals"
cd "$ROOT"
"$ROOT/scripts/setup.sh"
use_postgres

mapfile -t scripts < <(find .ci/run scripts tests bench \( -name run -o -name '*.sh' \) -type f 2>/dev/null | LC_ALL=C sort)
check "syntax of the scripts" bash_syntax
if command -v shellcheck >/dev/null; then
    check "shellcheck" shellcheck --external-sources --severity warning "${scripts[@]}"
else
    say "shellcheck is not installed: left out"
fi
check "cargo fmt" cargo fmt --all --check
check "clippy: engine" cargo clippy --package sgr_engine --all-targets -- -D warnings
check "clippy: client and mock of SoundCloud" cargo clippy --package sgr_http --package sgr_soundcloud_mock --all-targets \
    -- -D warnings
check "clippy: extension" cargo clippy --package sgr_graph --no-default-features --features "pg$PG_MAJOR" --all-targets \
    -- -D warnings
if [ -f tests/server/Cargo.toml ]; then
    check "clippy: server tests" cargo clippy --package sgr_server_tests --all-targets -- -D warnings
fi
check "documentation: engine" env RUSTDOCFLAGS="-D warnings" cargo doc --package sgr_engine --no-deps
check "documentation: client" env RUSTDOCFLAGS="-D warnings" cargo doc --package sgr_http --no-deps

echo "$passed $failed" >"$BUILD/lint-totals"
echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
