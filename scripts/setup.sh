#!/usr/bin/env bash
# Makes the machine ready to build and run sgr_graph; does nothing, fast, where everything is there already.
#
#   system packages   a PostgreSQL server with headers, clang, a C compiler (apt-get, as root or by sudo)
#   cargo-pgrx        the version that Cargo.toml pins for pgrx
#   pgrx settings     which pg_config stands for the version (nothing is downloaded or built for it)
#
# PG_CONFIG=/path/to/pg_config chooses the PostgreSQL. Existing database clusters are never touched, none is created.

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=scripts/pg.sh
. "$ROOT/scripts/pg.sh"

DROP_IN_DIR=/etc/postgresql-common/createcluster.d
DROP_IN="$DROP_IN_DIR/sgr_graph-setup.conf"

check_rust() {
    local have want
    if ! command -v cargo >/dev/null || ! cargo --version >/dev/null 2>&1; then
        die "Rust is not installed" "see https://rustup.rs, then call make again"
    fi
    want=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' "$ROOT/Cargo.toml")
    have=$(rustc --version | cut -d' ' -f2)
    if [ "$(printf '%s\n' "$want" "${have%%-*}" | sort -V | head -n 1)" != "$want" ]; then
        die "Rust $want or newer is needed, this is $have" "rustup update stable"
    fi
    if [ -e "$ROOT/target" ] && [ ! -w "$ROOT/target" ]; then
        die "$ROOT/target belongs to $(stat -c %U "$ROOT/target")" "sudo chown -R $(id -un) '$ROOT/target'"
    fi
}

# pgrx formats the bindings that it generates with rustfmt; make lint needs both. rustup's minimal profile has neither.
check_rust_components() {
    local missing=()
    rustfmt --version >/dev/null 2>&1 || missing+=(rustfmt)
    cargo clippy --version >/dev/null 2>&1 || missing+=(clippy)
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    if ! command -v rustup >/dev/null; then die "missing from this Rust: ${missing[*]}"; fi
    say "adding to Rust: ${missing[*]}"
    quiet setup-rustup rustup component add "${missing[@]}"
}

# The development package, which has the headers of the compiler too; the bare library is not enough for bindgen.
has_libclang() {
    [ -n "${LIBCLANG_PATH:-}" ] || compgen -G "/usr/lib/llvm-*/lib/libclang.so" >/dev/null ||
        compgen -G "/usr/lib*/libclang.so" >/dev/null
}

has_package() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# The major version to install: of PG_CONFIG if it is a path of Debian's, of a server or headers that are half there,
# else what the distribution calls postgresql.
choose_major() {
    local major
    if [[ ${PG_CONFIG:-} =~ ^/usr/lib/postgresql/([0-9]+)/bin/pg_config$ ]]; then
        echo "${BASH_REMATCH[1]}"; return
    fi
    for ((major = PG_NEWEST; major >= PG_OLDEST; major--)); do
        if has_package "postgresql-$major" || has_package "postgresql-server-dev-$major"; then echo "$major"; return; fi
    done
    major=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/^ *Depends: postgresql-\([0-9][0-9]*\)$/\1/p' | head -n 1)
    if [ -n "$major" ] && [ "$major" -ge "$PG_OLDEST" ] && [ "$major" -le "$PG_NEWEST" ]; then echo "$major"; return; fi
    for ((major = PG_NEWEST; major >= PG_OLDEST; major--)); do
        if [ -n "$(apt-cache show "postgresql-server-dev-$major" 2>/dev/null)" ]; then echo "$major"; return; fi
    done
    return 1
}

apt_install() {
    quiet setup-apt-install as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=a \
        apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@" </dev/null
}

# Debian's server package makes and starts a cluster when it is installed; this machine shall not get one from us.
with_no_new_cluster() {
    local status=0 had_dir=no
    if [ -d "$DROP_IN_DIR" ]; then had_dir=yes; fi
    as_root mkdir -p "$DROP_IN_DIR"
    # A killed set-up must not leave the setting behind.
    trap 'as_root rm -f "$DROP_IN"' EXIT
    echo "create_main_cluster = false" | as_root tee "$DROP_IN" >/dev/null
    "$@" || status=$?
    as_root rm -f "$DROP_IN"
    trap - EXIT
    if [ $had_dir = no ]; then as_root rmdir "$DROP_IN_DIR" 2>/dev/null || true; fi
    return "$status"
}

install_packages() {
    local major='' packages=() wrap=() lack by_hand
    command -v cc >/dev/null || packages+=(build-essential)
    command -v clang >/dev/null || packages+=(clang)
    has_libclang || packages+=(libclang-dev)
    command -v pkg-config >/dev/null || packages+=(pkg-config)
    if ! has_cargo_pgrx && ! pkg-config --exists openssl 2>/dev/null; then packages+=(libssl-dev); fi

    if ! find_postgres; then
        if [ -n "$PG_CONFIG" ] && [[ ! $PG_CONFIG =~ ^/usr/lib/postgresql/[0-9]+/bin/pg_config$ ]]; then
            lack=$(pg_lack "$PG_CONFIG")
            die "PG_CONFIG=$PG_CONFIG cannot be used: $lack" \
                "name another one, or leave PG_CONFIG out to have the distribution's installed"
        fi
        packages+=(postgresql)
    fi
    if [ ${#packages[@]} -eq 0 ]; then return; fi

    if ! command -v apt-get >/dev/null; then
        die "missing: ${packages[*]} (Debian's names), and this is not Debian or Ubuntu" \
            "install them by hand; PostgreSQL $PG_OLDEST to $PG_NEWEST with its server headers"
    fi
    by_hand="${packages[*]}"
    ready_for_root "apt-get install ${by_hand/%postgresql/postgresql postgresql-server-dev-all}"
    say "reading the package lists"
    quiet setup-apt-update as_root apt-get -o DPkg::Lock::Timeout=300 update </dev/null ||
        say "that failed; trying with the lists that are there"

    if [ "${packages[-1]}" = postgresql ]; then
        major=$(choose_major) || die "the package lists offer no PostgreSQL $PG_OLDEST to $PG_NEWEST" \
            "see https://wiki.postgresql.org/wiki/Apt"
        unset 'packages[-1]'
        packages+=("postgresql-$major" "postgresql-client-$major" "postgresql-server-dev-$major")
        if ! has_package "postgresql-$major"; then wrap=(with_no_new_cluster); fi
    fi
    say "installing system packages: ${packages[*]}"
    "${wrap[@]}" apt_install "${packages[@]}"

    if ! find_postgres; then
        die "PostgreSQL${major:+ $major} is still not complete${PG_CONFIG:+: $(pg_lack "$PG_CONFIG")}" \
            "see $LOGS/setup-apt-install.log"
    fi
}

cargo_pgrx_version() { cargo pgrx --version 2>/dev/null | sed -n 's/^cargo-pgrx \(.*\)/\1/p'; }
has_cargo_pgrx() { [ "$(cargo_pgrx_version || true)" = "$PGRX_VERSION" ]; }

install_cargo_pgrx() {
    local other root=()
    if has_cargo_pgrx; then return; fi
    other=$(cargo_pgrx_version || true)
    if [ -n "$other" ]; then
        say "building cargo-pgrx $PGRX_VERSION (some minutes; your cargo-pgrx $other stays)"
        root=(--root "$PGRX_OWN_ROOT")
    else
        say "building cargo-pgrx $PGRX_VERSION (some minutes)"
    fi
    quiet setup-cargo-pgrx cargo install --locked cargo-pgrx --version "=$PGRX_VERSION" "${root[@]}"
    if [ -d "$PGRX_OWN_ROOT/bin" ]; then PATH="$PGRX_OWN_ROOT/bin:$PATH"; fi
    hash -r
    has_cargo_pgrx || die "cargo-pgrx was installed but cargo does not find it" "is cargo's bin folder in PATH?"
}

init_pgrx() {
    if [ -n "$(pgrx_configured)" ] || [ -n "${PGRX_PG_CONFIG_PATH:-}" ]; then return; fi
    say "telling pgrx about $PG_CONFIG"
    mkdir -p "${PGRX_HOME:-$HOME/.pgrx}"
    quiet setup-pgrx-init cargo pgrx init --no-run "--pg$PG_MAJOR=$PG_CONFIG"
}

check_rust
check_rust_components
install_packages
use_postgres
install_cargo_pgrx
init_pgrx
say "ready: $("$PG_CONFIG" --version), cargo-pgrx $PGRX_VERSION, Rust $(rustc --version | cut -d' ' -f2)"
