INSERT INTO sgr.follows (user_id, followed_id) SELECT n.user_id, n.followed_id FROM unnest($1, $2) AS n (user_id, followed_id)
