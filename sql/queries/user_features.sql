SELECT u.user_id, u.likes, u.like_norm FROM sgr.user_features AS u WHERE u.user_id = ANY ($1)
