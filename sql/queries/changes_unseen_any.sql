-- Whether playlists or likes changed that the last refreshes of tracks have not counted.
SELECT WHERE EXISTS (
    SELECT FROM sgr.cooccurrence_state AS s
    JOIN sgr.cooccurrence_changes AS c ON c.basket = s.basket
    WHERE s.kind IN (1, 2) AND (c.changed_by = s.seen_by OR NOT pg_catalog.pg_visible_in_snapshot(c.changed_by, s.seen)))
