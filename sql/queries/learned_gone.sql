-- How many of the users $1 and tracks $2 are neither in the catalogue nor in an interaction. As sets: a generic plan takes the
-- arrays for short, and looks for each element by itself.
SELECT (SELECT pg_catalog.count(*) FROM (
            SELECT pg_catalog.unnest($1)
            EXCEPT SELECT u.user_id::bigint FROM {users} AS u
            EXCEPT SELECT i.user_id::bigint FROM {interactions} AS i) AS gone),
       (SELECT pg_catalog.count(*) FROM (
            SELECT pg_catalog.unnest($2)
            EXCEPT SELECT t.track_id::bigint FROM {tracks} AS t
            EXCEPT SELECT i.track_id::bigint FROM {interactions} AS i) AS gone)
