SELECT u.user_id, u.name, NULL::text FROM {users} AS u WHERE u.user_id = ANY ($1)
