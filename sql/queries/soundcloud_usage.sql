SELECT u.day - date '1970-01-01', u.requests, (pg_catalog.date_part('epoch', u.hold_until) * 1000000)::bigint
FROM sgr.soundcloud_usage AS u WHERE u.app = $1
