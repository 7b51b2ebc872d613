-- How many of these users and tracks are neither in the catalogue nor in an interaction.
SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.unnest($1) AS l (id)
        WHERE NOT EXISTS (SELECT FROM {users} AS u WHERE u.user_id = l.id)
          AND NOT EXISTS (SELECT FROM {interactions} AS i WHERE i.user_id = l.id)),
       (SELECT pg_catalog.count(*) FROM pg_catalog.unnest($2) AS l (id)
        WHERE NOT EXISTS (SELECT FROM {tracks} AS t WHERE t.track_id = l.id)
          AND NOT EXISTS (SELECT FROM {interactions} AS i WHERE i.track_id = l.id))
