SELECT role, query FROM sgr.sources
