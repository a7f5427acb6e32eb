-- Lets a connection also end where a foreign key goes or comes, and where the store itself is
-- told what is going on. Only a superuser may do this.

CREATE FUNCTION citus_stand_in.at_command() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM citus_stand_in.called();
END $$;
CREATE EVENT TRIGGER at_command ON ddl_command_end WHEN TAG IN ('ALTER TABLE')
EXECUTE FUNCTION citus_stand_in.at_command();

CREATE FUNCTION citus_stand_in.at_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM citus_stand_in.called();
    RETURN NULL;
END $$;
CREATE TRIGGER at_row AFTER INSERT OR DELETE ON store_info
FOR EACH STATEMENT EXECUTE FUNCTION citus_stand_in.at_row();
