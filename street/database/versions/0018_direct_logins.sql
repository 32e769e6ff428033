-- Persons are read through the board, which writes each look down; a login to the database itself reads counts, unless it
-- is an exception with a reason and an end. (docs/rules.md, R-PRIV-10.)

do $$
begin
    if not exists (select from pg_roles where rolname = 'committee_counts_reader') then
        create role committee_counts_reader nologin;
    end if;
end
$$;
grant usage on schema marts, versions, ops to committee_counts_reader;
grant select on ops.published, ops.access_grant to committee_counts_reader;

alter table ops.access_grant
add column persons_until date,
add column reason text,
add column granted_by text;
alter table ops.access_grant add constraint exception_is_explained check (
    persons_until is null or (reason is not null and granted_by is not null)
);
comment on table ops.access_grant is
'登录 | Who was given a login, the committee whose rows it may see, and until when, why and by whom it reads persons';

-- Past its end a committee's exception reads nothing, also in a session that is still open.
drop policy own_grant on ops.access_grant;
create policy own_grant on ops.access_grant for select to committee_reader, committee_counts_reader using (
    role_name = current_user and (persons_until is null or persons_until >= date(now() at time zone 'Asia/Shanghai'))
);

-- What the dashboard reads whole a committee's login reads of its own rows.
do $$
declare
    mart record;
begin
    for mart in
        select own.tablename as name, own.qual as condition from pg_policies as own
        inner join pg_policies as whole on whole.schemaname = own.schemaname and whole.tablename = own.tablename
        where own.schemaname = 'versions' and own.policyname = 'committee_reader_reads'
            and whole.policyname = 'dashboard_reader_reads'
    loop
        execute format(
            'create policy committee_counts_reader_reads on versions.%I for select to committee_counts_reader using (%s)',
            mart.name, mart.condition
        );
        execute format('grant select on versions.%I to committee_counts_reader', mart.name);
        if to_regclass(format('marts.%I', mart.name)) is not null then
            execute format('grant select on marts.%I to committee_counts_reader', mart.name);
        end if;
    end loop;
end
$$;

-- Logins that were given before read counts from now on.
do $$
declare
    given record;
begin
    for given in
        select role_name, committee_code is not null as is_committee from ops.access_grant
        inner join pg_roles on role_name = rolname
        where role_name like 'committee\_%' or role_name = 'street_login'
    loop
        execute format('revoke committee_reader, street_reader from %I', given.role_name);
        execute format(
            'grant %I to %I',
            case when given.is_committee then 'committee_counts_reader' else 'dashboard_reader' end, given.role_name
        );
    end loop;
end
$$;
