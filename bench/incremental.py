"""Bar 3: one changed playlist, and what the triggers cost a bulk COPY."""

import random
import time

from harness import SERVER_FOLDER, one, query

TRACKS = 50
REFRESH = "SELECT * FROM sgr_cooccur_refresh('playlist', 'track')"


def run(connection, bench, changes):
    """Playlists of 50 tracks: by turns 10 tracks of one are replaced (its rows are deleted and written anew), or a new one
    is added that shares 40 tracks with another. The 10 are drawn from all entries, so popular tracks are drawn often."""
    draw = random.Random(1)
    query(connection, REFRESH)
    known = [row[0] for row in query(connection, """
        SELECT playlist_id FROM sgr.playlist_tracks GROUP BY playlist_id
        HAVING count(*) = %s AND count(DISTINCT track_id) = %s ORDER BY playlist_id""", (TRACKS, TRACKS))]
    draw.shuffle(known)
    pool = [row[0] for row in query(connection, """
        SELECT track_id FROM sgr.playlist_tracks WHERE (playlist_id + position) % 17 = 0
        ORDER BY playlist_id, position""")]
    top = query(connection, "SELECT max(playlist_id) FROM sgr.playlists")[0][0]
    # Plans are made and pages are read in the first one.
    for i, model in enumerate(known[:changes + 1]):
        warm = i > 0
        tracks = [row[0] for row in query(connection, """
            SELECT track_id FROM sgr.playlist_tracks WHERE playlist_id = %s ORDER BY position""", (model,))]
        changed = tracks[:40]
        while len(changed) < TRACKS:
            track = draw.choice(pool)
            if track not in changed and track not in tracks:
                changed.append(track)
        playlist = model if i % 2 else top + 1 + i
        query(connection, """
            BEGIN;
            DELETE FROM sgr.playlist_tracks WHERE playlist_id = %s;
            INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position)
            SELECT %s, t.id, t.n FROM unnest(%s::bigint[]) WITH ORDINALITY AS t (id, n);
            COMMIT""", (playlist, playlist, changed))
        bench.quiet()
        bench.load.start()
        started = time.perf_counter()
        outcome = one(connection, REFRESH)
        milliseconds = (time.perf_counter() - started) * 1e3
        if outcome["mode"] != "incremental":
            raise SystemExit(f"error: an incremental refresh was expected, not {outcome}")
        who = ("replaced" if i % 2 else "new") if warm else "first of the session"
        bench.note("incremental", who, milliseconds, "ms", bench.load.foreign())
        if warm:
            bench.note("incremental", "all", milliseconds, "ms", bench.load.foreign())
    bench.fact("incremental: last", outcome)


def copy(connection, source, bench, repeats):
    """COPY of all entries into a table with the note triggers and with the triggers disabled, by turns. The file is read
    by the server, so no client is timed."""
    path = SERVER_FOLDER / "entries.copy"
    query(source, f"COPY sgr.playlist_tracks TO '{path}' (FORMAT binary)")
    for _ in range(repeats):
        for who, triggers in [("COPY without triggers", "DISABLE"), ("COPY with triggers", "ENABLE")]:
            def before():
                query(connection, "TRUNCATE sgr.playlist_tracks")
                query(connection, "DELETE FROM sgr.cooccurrence_changes")
                query(connection, f"ALTER TABLE sgr.playlist_tracks {triggers} TRIGGER USER")
                query(connection, "CHECKPOINT")

            bench.time("copy", who, lambda: query(connection, f"COPY sgr.playlist_tracks FROM '{path}' (FORMAT binary)"),
                       before=before)
    query(connection, "ALTER TABLE sgr.playlist_tracks ENABLE TRIGGER USER")
    path.unlink(missing_ok=True)
