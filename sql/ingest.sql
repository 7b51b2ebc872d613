-- What pgrx cannot say about the functions of ingestion.

ALTER FUNCTION sgr_ingest_search(text, integer, text[], text[], text, integer, interval) ROWS 1 COST 1000000;
ALTER FUNCTION sgr_ingest_crawl(text, text, integer, integer, integer, integer, integer, text[], interval) ROWS 1 COST 1000000;
ALTER FUNCTION sgr_soundcloud_status(boolean) ROWS 1 COST 1000000;

COMMENT ON FUNCTION sgr_ingest_search(text, integer, text[], text[], text, integer, interval) IS
    'Task ingest_search of sgr_submit(): stores the tracks that a search of SoundCloud finds, up to limit, as documents and cleans them; needs a query, genres or tags. created_from: uploaded then or later, 2024-01-31, perhaps with a time. Pages younger than refresh_after are not asked for again, NULL asks for all. docs/SOUNDCLOUD.md. The row is the job''s result. Errors: 22023, 42501, 55000 called outside a job or without credentials, F0000 a file of credentials that others may read';
COMMENT ON FUNCTION sgr_ingest_crawl(text, text, integer, integer, integer, integer, integer, text[], interval) IS
    'Task ingest_crawl of sgr_submit(): begins at a track, a playlist or a user of SoundCloud (url: its page, or urn), reads their artist and lists, and widens depth times, most mentioned first, within max_tracks, max_playlists, max_users and max_requests. include: lists to follow, of tracks, playlists, likes, favoriters, reposts, related. Pages younger than refresh_after are not asked for again, NULL asks for all. A crawl that was stopped goes on by sgr_job_retry(). docs/SOUNDCLOUD.md. The row is the job''s result. Errors: 22023, 42501, 55000 called outside a job or without credentials, F0000 a file of credentials that others may read; of the job: 28000 credentials refused, 08006 no answers, 42704 the start is not there';
COMMENT ON FUNCTION sgr_soundcloud_status(boolean) IS
    'Whether there are credentials for SoundCloud (file or environment, NULL: none) and whether they work, without showing them, and how many requests are left today. try_them asks for a token, which is rationed; work is NULL where nobody was asked or nobody answered. PUBLIC may not call it';

-- It makes the server ask somebody outside.
REVOKE EXECUTE ON FUNCTION sgr_soundcloud_status(boolean) FROM PUBLIC;
