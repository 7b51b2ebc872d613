\set id random(1, :tracks)
SELECT * FROM sgr.tracks WHERE track_id = :id;
