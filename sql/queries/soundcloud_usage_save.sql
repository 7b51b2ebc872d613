INSERT INTO sgr.soundcloud_usage AS u (app, day, requests) VALUES ($1, date '1970-01-01' + $2, $3)
ON CONFLICT (app) DO UPDATE SET day = EXCLUDED.day, requests = EXCLUDED.requests
