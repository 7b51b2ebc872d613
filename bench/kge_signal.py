"""What the signal `embedding` does for the completion of playlists, and the neighbours of artists: the last part of
bench/run.sh kge."""

import csv
import io
import re

from harness import database, query, say

# A fifth of the entries of these playlists is held out.
PLAYLISTS, LEAST_ENTRIES, HELD_OUT = 400, 5, 5
WEIGHTS = (0.0, 0.1, 0.3)
ARTISTS = 10

# Deterministic: every fifth entry by a hash of playlist and track.
HOLD_OUT = f"""
CREATE TABLE bench.held_out AS
WITH chosen AS (
    SELECT playlist_id FROM sgr.playlist_tracks GROUP BY playlist_id HAVING count(*) BETWEEN {LEAST_ENTRIES} AND 1000
    ORDER BY md5(playlist_id::text) LIMIT {PLAYLISTS}),
numbered AS (
    SELECT playlist_id, track_id, row_number() OVER (PARTITION BY playlist_id ORDER BY md5(playlist_id || '/' || track_id)) AS n
    FROM (SELECT DISTINCT playlist_id, track_id FROM sgr.playlist_tracks JOIN chosen USING (playlist_id)) AS e)
SELECT playlist_id, track_id FROM numbered WHERE n % {HELD_OUT} = 0;
DELETE FROM sgr.playlist_tracks AS t USING bench.held_out AS h WHERE (t.playlist_id, t.track_id) = (h.playlist_id, h.track_id);
"""

# Recommendations of every track that was left in the playlist, their scores added up.
COMPLETE = """
WITH seeds AS (
    SELECT DISTINCT t.playlist_id, t.track_id FROM sgr.playlist_tracks AS t
    WHERE t.playlist_id IN (SELECT playlist_id FROM bench.held_out)),
scored AS (
    SELECT s.playlist_id, r.track_id, sum(r.score) AS score
    FROM seeds AS s CROSS JOIN LATERAL sgr_recommend(s.track_id, 100) AS r
    WHERE NOT EXISTS (SELECT FROM seeds AS o WHERE (o.playlist_id, o.track_id) = (s.playlist_id, r.track_id))
    GROUP BY 1, 2),
ranked AS (
    SELECT *, row_number() OVER (PARTITION BY playlist_id ORDER BY score DESC, track_id) AS rank FROM scored)
SELECT avg(recall)::float8 FROM (
    SELECT h.playlist_id, count(r.track_id) / least(count(*), 20)::float8 AS recall
    FROM bench.held_out AS h LEFT JOIN ranked AS r ON (r.playlist_id, r.track_id) = (h.playlist_id, h.track_id) AND r.rank <= 20
    GROUP BY h.playlist_id) AS p
"""


def load_demo(connection, _):
    query(connection, "SELECT FROM sgr_demo_load()")
    return True


def load_freemusicc(connection, data):
    """Releases are playlists, styles are tags; a track on several releases is one track."""
    folder = data / "freemusicc"
    if not folder.is_dir():
        say(f"  skipped: there is no {folder}")
        return False
    playlists, artists, tracks = {}, {}, {}

    def number(numbers, key):
        return numbers.setdefault(key, len(numbers) + 1)

    styles, releases, entries, known = {}, [], [], {}
    for row in csv.DictReader((folder / "releases.csv").open(newline="", encoding="utf-8")):
        playlist = number(playlists, row["id"])
        styles[playlist] = row["genre"], sorted({style.strip() for style in row["style"].split(",")} - {""})
        releases.append((playlist, row["album"], True))
    for position, row in enumerate(csv.DictReader((folder / "tracks.csv").open(newline="", encoding="utf-8")), 1):
        playlist = number(playlists, row["id"])
        track = number(tracks, (row["trackartist"], row["title"], row["duration"]))
        entries.append((playlist, track, position))
        genre, tags = styles.get(playlist, ("", []))
        known.setdefault(track, (track, row["title"], number(artists, row["trackartist"]), genre or None,
                                 "{" + ",".join('"' + re.sub(r'(["\\])', r"\\\1", tag) + '"' for tag in tags) + "}"))
    copy(connection, "sgr.playlists (playlist_id, title, is_album)", releases)
    copy(connection, "sgr.artists (artist_id, name)", [(value, key) for key, value in artists.items()])
    copy(connection, "sgr.tracks (track_id, title, artist_id, genre, tags)", known.values())
    copy(connection, "sgr.playlist_tracks (playlist_id, track_id, position)", entries)
    return True


def copy(connection, table, rows):
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} FROM STDIN (FORMAT csv)", text)


def run(bench, data):
    for name, load in (("demo", load_demo), ("freemusi.cc", load_freemusicc)):
        connection = database("bench_signal")
        query(connection, "SET client_min_messages = warning")
        if load(connection, data):
            query(connection, HOLD_OUT)
            query(connection, "SELECT FROM sgr_build_kg()")
            query(connection, "SELECT FROM sgr_kge_train(epochs => 30, threads => 2)")
            held_out = query(connection, "SELECT count(*), count(DISTINCT playlist_id) FROM bench.held_out")[0]
            bench.fact(f"{name}: entries held out, of playlists", list(held_out))
            for weight in WEIGHTS:
                query(connection, "SELECT FROM sgr_signal_set('embedding', %s)", (weight,))
                recall = query(connection, COMPLETE)[0][0]
                bench.fact(f"{name}: Recall@20 of held-out entries, weight of embedding {weight}", round(recall, 4))
            for artist, entity in query(connection, f"""
                SELECT a.name, e.entity_id FROM sgr.artists AS a JOIN sgr.entities AS e ON e.kind = 'artist' AND e.key = a.artist_id::text
                JOIN (SELECT artist_id, count(*) AS tracks FROM sgr.tracks GROUP BY 1) AS t USING (artist_id)
                WHERE a.name NOT ILIKE 'various%%'
                ORDER BY t.tracks DESC, a.artist_id LIMIT {ARTISTS}"""):
                near = query(connection, """SELECT name, round(cosine::numeric, 2)::float8 FROM sgr_kge_neighbors(
                    (SELECT kind || ':' || key FROM sgr.entities WHERE entity_id = %s), 5)""", (entity,))
                bench.fact(f"{name}: neighbours of {artist}", [f"{other} {cosine}" for other, cosine in near])
        connection.close()
