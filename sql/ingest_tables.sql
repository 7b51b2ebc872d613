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
