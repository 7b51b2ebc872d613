#!/usr/bin/env bash
# From the page of a track at SoundCloud to what the graph says of it, all through psql on a throwaway server: crawl, clean,
# fuse, count, triples, validate, unveil.
#
#   TRACK_URL=https://soundcloud.com/ARTIST/TRACK scripts/pipeline.sh
#
# With SGR_SOUNDCLOUD_CLIENT_ID and SGR_SOUNDCLOUD_CLIENT_SECRET in the environment it asks the real API, at its pace; read
# docs/SOUNDCLOUD.md first. Without them it asks a mock on this machine, with everything on that can go wrong; TRACK_URL is
# then a page of the mock, by default that of its first track.
#   DEPTH=1 MAX_TRACKS=2000 MAX_REQUESTS=2000    how far it goes; the defaults against the real API are smaller

# shellcheck source=scripts/steps.sh
. "$(dirname "${BASH_SOURCE[0]}")/steps.sh"

"$ROOT/scripts/install.sh"
conf=()
if [ -n "${SGR_SOUNDCLOUD_CLIENT_ID:-}" ] && [ -n "${SGR_SOUNDCLOUD_CLIENT_SECRET:-}" ]; then
    [ -n "${TRACK_URL:-}" ] || die "TRACK_URL is not set" "make pipeline TRACK_URL=https://soundcloud.com/ARTIST/TRACK"
    say "asking the SoundCloud API"
    : "${DEPTH:=0}" "${MAX_TRACKS:=500}" "${MAX_REQUESTS:=200}"
else
    say "no credentials in the environment: building the mock and asking that"
    quiet pipeline-mock cargo build --release --manifest-path "$ROOT/Cargo.toml" --package sgr_soundcloud_mock
    # It ends when its standard input closes: with this script, whatever ends it.
    coproc MOCK {
        exec "${CARGO_TARGET_DIR:-$ROOT/target}/release/soundcloud-mock" --tracks 400 --playlists 150 --users 80 \
            --hazards all --rate-limit 0 --until-eof yes
    }
    for _ in 1 2 3 4 5; do
        IFS='=' read -r name value <&"${MOCK[0]}" || die "the mock did not start"
        case $name in
            api_url | token_url) conf+=(--conf "sgr_graph.soundcloud_$name=$value") ;;
            client_id) export SGR_SOUNDCLOUD_CLIENT_ID="$value" ;;
            client_secret) export SGR_SOUNDCLOUD_CLIENT_SECRET="$value" ;;
            track_url) : "${TRACK_URL:=$value}" ;;
        esac
    done
    conf+=(--conf sgr_graph.soundcloud_rate=1000 --conf sgr_graph.soundcloud_burst=100
        --conf sgr_graph.soundcloud_retry_delay=5ms --conf sgr_graph.soundcloud_timeout=2s)
fi

say "crawling from $TRACK_URL on a throwaway server"
"$ROOT/scripts/server.sh" run "${conf[@]}" -- psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --pset pager=off \
    --set url="$TRACK_URL" --set depth="${DEPTH:-1}" --set max_tracks="${MAX_TRACKS:-2000}" \
    --set max_requests="${MAX_REQUESTS:-2000}" --file "$ROOT/scripts/pipeline.sql"
