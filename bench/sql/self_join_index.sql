-- So that one track's pairs can be read without a scan. Reported, not counted against the peer.
CREATE INDEX ON bench.pairs (track_id_a);
CREATE INDEX ON bench.pairs (track_id_b);
CREATE UNIQUE INDEX ON bench.counts (track_id);
