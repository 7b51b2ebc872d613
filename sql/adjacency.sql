-- The graph as sgr_paths() reads it: one row per entity with its edges both ways. Derived from sgr.triples, not dumped.

CREATE TABLE sgr.adjacency (
    generation      integer NOT NULL,
    entity_id       bigint NOT NULL,
    kind            text NOT NULL,
    relations       integer[] NOT NULL,
    edges           integer[] NOT NULL,
    neighbours      integer[],
    wide_neighbours bigint[],
    weights         real[] NOT NULL,
    PRIMARY KEY (generation, entity_id)
) USING heap;
COMMENT ON TABLE sgr.adjacency IS
    'Storage of the graph for path search, one row per entity with its edges in both directions as parallel arrays; written by whatever writes sgr.triples';
COMMENT ON COLUMN sgr.adjacency.generation IS 'The building that wrote the row, as in sgr.adjacency_state';
COMMENT ON COLUMN sgr.adjacency.relations IS
    'The groups of edges: sgr.relations.relation_id, negative where the entity is the tail. A symmetric relation has the entity as head only';
COMMENT ON COLUMN sgr.adjacency.edges IS 'How many edges each group has; neighbours and weights stand in the order of the groups';
COMMENT ON COLUMN sgr.adjacency.wide_neighbours IS
    'The neighbours of a row of which one has an id over 2^31; neighbours is then NULL';
-- Rows of about a thousand edges stay whole in the heap, and none is compressed.
ALTER TABLE sgr.adjacency SET (toast_tuple_target = 8160);
ALTER TABLE sgr.adjacency
    ALTER COLUMN neighbours SET STORAGE EXTERNAL,
    ALTER COLUMN wide_neighbours SET STORAGE EXTERNAL,
    ALTER COLUMN weights SET STORAGE EXTERNAL;

CREATE TABLE sgr.adjacency_state (
    graph_id   integer PRIMARY KEY,
    generation integer NOT NULL UNIQUE,
    version    uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
    entities   bigint NOT NULL,
    triples    bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE sgr.adjacency_state IS
    'Which rows of sgr.adjacency are those of a graph, and their version, new with each writing: sessions keep what they read until it changes';
COMMENT ON COLUMN sgr.adjacency_state.entities IS 'Entities of the graph when it was last written whole';
COMMENT ON COLUMN sgr.adjacency_state.triples IS 'Triples of the graph when it was last written whole';
