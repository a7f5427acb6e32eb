-- Stands in for Citus, which no package brings to a plain machine: its tables and functions, as far
-- as `confledger store distribute` uses them, on one ordinary server. It shows that the steps are
-- the right ones in an order that Citus takes, and what the keys of the tables allow; of what Citus
-- itself does with a statement it shows nothing.
--
-- A distributed table becomes one of hash partitions, so the server demands of its keys what
-- Citus demands. A table with foreign keys, or distributed already, is refused as there.

CREATE SCHEMA citus_stand_in;
SET search_path = citus_stand_in;

CREATE TABLE pg_dist_local_group (groupid int NOT NULL);
INSERT INTO pg_dist_local_group VALUES (0);

CREATE TABLE pg_dist_node (
    groupid int, nodename text, nodeport int, isactive boolean, noderole text,
    shouldhaveshards boolean
);
INSERT INTO pg_dist_node VALUES
    (0, 'coordinator', 5432, true, 'primary', false),
    (1, 'worker-1', 5432, true, 'primary', true),
    (2, 'worker-2', 5432, true, 'primary', true);

CREATE TABLE pg_dist_partition (
    logicalrelid regclass PRIMARY KEY, partmethod "char", partkey text, colocationid int,
    repmodel "char"
);

-- What is to go wrong: which call of all is the last of its connection, and which node is down.
CREATE TABLE trouble (last_call int, node_down text, lost_at text);
INSERT INTO trouble VALUES (NULL, NULL, NULL);
CREATE SEQUENCE call_numbers;

CREATE TABLE shards (colocationid int PRIMARY KEY, shard_count int NOT NULL);
CREATE TABLE leftovers (logicalrelid regclass PRIMARY KEY, former regclass);

CREATE FUNCTION called() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('citus_stand_in.call_numbers') = (SELECT last_call FROM citus_stand_in.trouble) THEN
        PERFORM pg_terminate_backend(pg_backend_pid());
        PERFORM pg_sleep(60);
    END IF;
END $$;

CREATE FUNCTION citus_check_connection_to_node(host text, port int DEFAULT 5432)
RETURNS boolean LANGUAGE sql AS $$
    SELECT host IS DISTINCT FROM node_down FROM citus_stand_in.trouble
$$;

CREATE FUNCTION column_to_column_name(regclass, text) RETURNS text LANGUAGE sql AS 'SELECT $2';

CREATE FUNCTION may_distribute(distributed regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM citus_stand_in.called();
    IF distributed::text = (SELECT lost_at FROM citus_stand_in.trouble) THEN
        RAISE EXCEPTION 'connection to the remote node worker-2:5432 failed' USING ERRCODE = '08006';
    END IF;
    IF EXISTS (SELECT FROM citus_stand_in.pg_dist_partition WHERE logicalrelid = distributed) THEN
        RAISE EXCEPTION 'table "%" is already distributed', distributed USING ERRCODE = '42P16';
    END IF;
    IF EXISTS (
        SELECT FROM pg_constraint WHERE contype = 'f' AND distributed IN (conrelid, confrelid)
    ) THEN
        RAISE EXCEPTION 'cannot distribute "%": it has a foreign key', distributed
        USING ERRCODE = '0A000';
    END IF;
END $$;

CREATE FUNCTION create_reference_table(table_name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM citus_stand_in.may_distribute(table_name);
    INSERT INTO citus_stand_in.pg_dist_partition VALUES (table_name, 'n', NULL, 1, 't');
    INSERT INTO citus_stand_in.leftovers VALUES (table_name, NULL);
END $$;

CREATE FUNCTION create_distributed_table(
    table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
    colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    name text := table_name::text;
    former text := table_name::text || '_former';
    neighbourhood int;
    modulus int := shard_count;
BEGIN
    PERFORM citus_stand_in.may_distribute(table_name);
    IF colocate_with = 'none' THEN
        SELECT coalesce(max(colocationid), 1) + 1 INTO neighbourhood FROM citus_stand_in.shards;
        INSERT INTO citus_stand_in.shards VALUES (neighbourhood, modulus);
    ELSIF modulus IS NOT NULL THEN
        RAISE EXCEPTION 'shard_count and colocate_with exclude each other';
    ELSE
        SELECT colocationid, shards.shard_count INTO STRICT neighbourhood, modulus
        FROM citus_stand_in.pg_dist_partition JOIN citus_stand_in.shards USING (colocationid)
        WHERE logicalrelid = colocate_with::regclass;
    END IF;
    EXECUTE format('ALTER TABLE %I RENAME TO %I', name, former);
    EXECUTE format(
        'CREATE TABLE %I (LIKE %I INCLUDING ALL) PARTITION BY HASH (%I)',
        name, former, distribution_column
    );
    FOR remainder IN 0..modulus - 1 LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF %I FOR VALUES WITH (MODULUS %s, REMAINDER %s)',
            name || '_' || remainder, name, modulus, remainder
        );
    END LOOP;
    EXECUTE format('INSERT INTO %I SELECT * FROM %I', name, former);
    INSERT INTO citus_stand_in.pg_dist_partition
    VALUES (name::regclass, 'h', distribution_column, neighbourhood, 's');
    INSERT INTO citus_stand_in.leftovers VALUES (name::regclass, former::regclass);
END $$;

CREATE FUNCTION truncate_local_data_after_distributing_table(function_name regclass)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    rows_before regclass;
BEGIN
    PERFORM citus_stand_in.called();
    IF NOT EXISTS (
        SELECT FROM citus_stand_in.pg_dist_partition WHERE logicalrelid = function_name
    ) THEN
        RAISE EXCEPTION 'supplied parameter is not a distributed relation';
    END IF;
    DELETE FROM citus_stand_in.leftovers WHERE logicalrelid = function_name
    RETURNING former INTO rows_before;
    IF rows_before IS NOT NULL THEN
        EXECUTE format('DROP TABLE %s', rows_before);
    END IF;
END $$;

RESET search_path;
