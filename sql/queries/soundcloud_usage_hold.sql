UPDATE sgr.soundcloud_usage SET hold_until = pg_catalog.to_timestamp($2::double precision / 1000000) WHERE app = $1
