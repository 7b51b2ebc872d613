-- The user as an entity, if he likes the track.
SELECT u.entity_id
FROM sgr.entities AS u
WHERE u.graph_id = 0 AND u.kind = 'user' AND u.key = $1::text
  AND EXISTS (SELECT FROM {interactions} AS i WHERE i.user_id = $1 AND i.track_id = $2 AND i.kind = 'like')
