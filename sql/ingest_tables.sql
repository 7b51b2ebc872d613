-- What crawls keep beside the documents and their jobs.

CREATE TABLE sgr.soundcloud_usage (
    app      bigint PRIMARY KEY,
    day      date NOT NULL,
    requests integer NOT NULL CHECK (requests >= 0),
    hold_until timestamptz
);
COMMENT ON TABLE sgr.soundcloud_usage IS
    'Requests to SoundCloud on the last day (UTC) on which there were some, per application: what sgr_graph.soundcloud_daily_requests limits';
COMMENT ON COLUMN sgr.soundcloud_usage.app IS 'A number made of the client id and the API''s URL';
COMMENT ON COLUMN sgr.soundcloud_usage.hold_until IS
    'Nothing is sent before: a rate limit of SoundCloud, or a pause after repeated failures, that outlives the process that met it';

-- What a crawl knows, a row per thing, so that a page writes what it brought and not all that is known.
CREATE TABLE sgr.crawl_things (
    job_id      bigint NOT NULL REFERENCES sgr.jobs ON DELETE CASCADE,
    kind        text NOT NULL CHECK (kind IN ('track', 'playlist', 'user')),
    thing_id    bigint NOT NULL,
    level       bigint NOT NULL,
    mentions    bigint NOT NULL,
    met         bigint NOT NULL,
    flags       integer NOT NULL,
    track_count bigint,
    PRIMARY KEY (job_id, kind, thing_id)
);
COMMENT ON TABLE sgr.crawl_things IS
    'With sgr.jobs.checkpoint, from what the next attempt of a crawl goes on: the tracks, playlists and users that it has met; they go when the job succeeds';
COMMENT ON COLUMN sgr.crawl_things.level IS 'Widenings between it and the start';
COMMENT ON COLUMN sgr.crawl_things.mentions IS 'How many known things lead to it';
COMMENT ON COLUMN sgr.crawl_things.met IS 'Its place in the order in which things were met, from 0';
COMMENT ON COLUMN sgr.crawl_things.flags IS 'What was asked for about it; the bits are the crawl''s own';
COMMENT ON COLUMN sgr.crawl_things.track_count IS 'What a playlist says of the number of its entries';
-- Rows change as often as they are met: room for that beside them, so that no index has to be told.
ALTER TABLE sgr.crawl_things SET (fillfactor = 80);
ALTER TABLE sgr.crawl_things ENABLE ROW LEVEL SECURITY;
CREATE POLICY crawl_things_own ON sgr.crawl_things
    USING (EXISTS (SELECT FROM sgr.jobs AS j
                   WHERE j.job_id = crawl_things.job_id AND pg_catalog.pg_has_role(j.submitted_by, 'USAGE')));
GRANT SELECT, INSERT, UPDATE, DELETE ON sgr.crawl_things TO PUBLIC;
