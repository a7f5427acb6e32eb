-- The statements by which a store is distributed over the nodes of a Citus cluster; Citus says
-- what its functions and tables are. Written as those of `queries.sql`.

-- name: has_citus
SELECT to_regclass('pg_dist_node') IS NOT NULL;

-- name: is_coordinator
SELECT groupid = 0 FROM pg_dist_local_group;

-- name: workers
SELECT nodename, nodeport FROM pg_dist_node
WHERE groupid <> 0 AND isactive AND noderole = 'primary' AND shouldhaveshards
ORDER BY nodename, nodeport;

-- name: answers
-- Whether a node answers; the coordinator asks it.
SELECT citus_check_connection_to_node(:host::text, :port::int);

-- name: lock
-- One distribution at a time; until the connection ends.
SELECT pg_try_advisory_lock(:number::bigint);

-- name: tables
-- How each table is distributed. `partmethod` and `repmodel` are NULL for one that is not; 'n'
-- and 't' are a reference table, 'h' is by the hash of a column.
SELECT
    relname::text, pg_has_role(relowner, 'USAGE'), partmethod::text, repmodel::text,
    CASE WHEN partkey IS NOT NULL THEN column_to_column_name(logicalrelid, partkey) END,
    colocationid
FROM pg_class
LEFT JOIN pg_dist_partition ON logicalrelid = pg_class.oid
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
    AND relname = ANY(:tables::text[]);

-- name: foreign_keys
-- Those of some tables, as statements can name them.
SELECT relname::text, conname::text, pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint
JOIN pg_class ON pg_class.oid = conrelid
WHERE contype = 'f' AND conparentid = 0
    AND relnamespace = current_schema()::regnamespace AND relname = ANY(:tables::text[])
ORDER BY relname, conname;

-- name: remember
INSERT INTO store_info (name, value) VALUES (:name, :value);

-- name: remembered
SELECT value FROM store_info WHERE name = :name;

-- name: forget
DELETE FROM store_info WHERE name = :name;

-- name: make_whole_everywhere
SELECT create_reference_table(:table::text::regclass);

-- name: spread
SELECT create_distributed_table(
    :table::text::regclass, :key::text, colocate_with => 'none', shard_count => :shard_count::int
);

-- name: spread_beside
SELECT create_distributed_table(
    :table::text::regclass, :key::text, colocate_with => :neighbour::text
);

-- name: remove_leftovers
-- The rows that a table had before it was distributed: nobody sees them, and they take room.
SELECT truncate_local_data_after_distributing_table(:table::text::regclass);
