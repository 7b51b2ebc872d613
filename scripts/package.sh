#!/usr/bin/env bash
# Builds a Debian package, build/postgresql-N-sgr-graph_VERSION_ARCH.deb, for the PostgreSQL of PG_CONFIG.

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"
# shellcheck source=scripts/pg.sh
. "$ROOT/scripts/pg.sh"

command -v dpkg-deb >/dev/null || die "dpkg-deb is needed to make a Debian package" "make install works without"
"$ROOT/scripts/install.sh" --stage
use_postgres

stage="$BUILD/stage/pg$PG_MAJOR"
name="postgresql-$PG_MAJOR-sgr-graph"
version=$(cd "$ROOT" && cargo pkgid --package sgr_graph)
version=${version##*[@#]}
arch=$(dpkg --print-architecture)
tree="$BUILD/deb/$name"
deb="$BUILD/${name}_${version}_$arch.deb"

say "packing ${deb##*/}"
rm -rf "$tree"
mkdir -p "$tree/DEBIAN" "$tree/usr/share/doc/$name"
cp -R "$stage/." "$tree/"
cp "$ROOT/LICENSE" "$tree/usr/share/doc/$name/copyright"
if [ -f "$ROOT/CHANGELOG.md" ]; then cp "$ROOT/CHANGELOG.md" "$tree/usr/share/doc/$name/"; fi
find "$tree" -type d -exec chmod 755 {} +
find "$tree" -type f -exec chmod 644 {} +

# The newest symbol version of the C library that the extension asks for.
library=$(find "$tree" -name sgr_graph.so)
glibc=$({ objdump -T "$library" || true; } | grep -oE 'GLIBC_[0-9]+(\.[0-9]+)+' | sed 's/GLIBC_//' | sort -Vu | tail -n 1)

cat >"$tree/DEBIAN/control" <<CONTROL
Package: $name
Version: $version
Architecture: $arch
Maintainer: sgr_graph developers <noreply@localhost>
Section: database
Priority: optional
Depends: postgresql-$PG_MAJOR, libc6${glibc:+ (>= $glibc)}, libgcc-s1
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f1)
Description: transparent music knowledge graph and recommender for PostgreSQL
 sgr_graph turns playlists, likes and track metadata into a knowledge graph and
 recommendations inside the database, and says why it recommends what it does.
 .
 After installation: CREATE EXTENSION sgr_graph;
CONTROL
quiet package dpkg-deb --root-owner-group --build "$tree" "$deb"
say "made $deb"
