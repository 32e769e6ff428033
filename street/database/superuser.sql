-- What only a superuser can settle of the warehouse's database (docs/rules.md, R-PRIV-8): whoever may connect could hold
-- an advisory lock, fill the disk with large objects or temporary files, or take every connection. Run in the warehouse's
-- database; may be repeated.
do $$
declare
    keeper regrole := (select datdba::regrole from pg_database where datname = current_database());
    open_to_all regprocedure;
begin
    for open_to_all in
        select oid::regprocedure
        from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace
            and (proname ~ '^pg_(try_)?advisory_' or proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'pg_notify'))
            and has_function_privilege('public', oid, 'execute')
    loop
        -- A grant of its own to the owner, which a dump of this database can be restored with.
        execute format('grant execute on function %s to %s', open_to_all, keeper);
        execute format('revoke execute on function %s from public', open_to_all);
    end loop;
    -- To end a reader that is in the way, to see for how long, and to come in when readers hold all other connections.
    execute format('grant pg_signal_backend, pg_read_all_stats, pg_use_reserved_connections to %s', keeper);
    execute format('grant set on parameter temp_file_limit to %s', keeper);
end
$$;
