\set n random(1, :users)
SELECT * FROM sgr_similar_users((SELECT user_id FROM bench.users WHERE n = :n));
