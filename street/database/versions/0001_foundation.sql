-- The schemas, the operational tables, the key maps of linkage, and who may read what.
-- (docs/rules.md: Rows and batches, Person, Privacy.)

create schema raw;          -- as received; pipeline only
create schema quarantine;   -- rows that cannot be used, with every broken rule; pipeline only
create schema rules;        -- functions that read a written value (dates, documents, phones)
create schema ops;          -- batches, builds, validation results, published versions
create schema staging;      -- dbt: renamed, cast, cleaned, 1:1
create schema build;        -- dbt and linkage: the version being built
create schema versions;     -- the tables behind the views of core, marts and linkage.record_link
create schema core;
create schema linkage;
create schema marts;
create schema audit;

-- ---------------------------------------------------------------- ops
create table ops.feed (
    feed text primary key,
    title_zh text not null,
    department text not null,
    load_mode text not null check (load_mode in ('snapshot', 'increment', 'events')),
    cadence text not null check (cadence in ('continuous', 'hourly', 'daily', 'weekly', 'monthly')),
    due_at time not null,
    late_after_hours double precision not null default 0,
    row_floor numeric not null default 0.7,
    retention_days integer not null,
    about_person boolean not null,
    about_arrival boolean not null,
    contract_version text not null
);
comment on table ops.feed is '来源 | What the contracts say of each connected feed; written from them, never by hand';

create table ops.batch (
    batch_id bigint generated always as identity primary key,
    feed text not null references ops.feed,
    source text not null default '',
    business_date date not null,
    received_at timestamptz not null,
    landed_at timestamptz not null default clock_timestamp(),
    promoted_at timestamptz,
    sources jsonb not null,
    sha256 text not null,
    rows_received integer not null default 0,
    rows_accepted integer not null default 0,
    rows_quarantined integer not null default 0,
    rows_superseded integer not null default 0,
    flags jsonb not null default '{}',
    unknown_columns text[] not null default '{}',
    status text not null check (status in ('landed', 'accepted', 'rejected', 'repeated', 'failed')),
    reason text,
    accepted_by text,
    contract_version text not null,
    constraint batch_balances check (
        status <> 'accepted' or rows_received = rows_accepted + rows_quarantined + rows_superseded
    )
);
create index batch_by_feed on ops.batch (feed, source, business_date, batch_id);
create index batch_by_content on ops.batch (feed, source, sha256);
comment on table ops.batch is '批次 | One delivery of one feed: what came, when, and what became of its rows';

-- The one definition of what describes a day: of a snapshot feed the newest accepted batch of each source, of increments
-- and events all accepted ones (docs/rules.md, R-BATCH-4).
create function ops.batch_in_force(as_of date)
returns table (feed text, source text, batch_id bigint, business_date date)
language sql stable
as $$
    select accepted.feed, accepted.source, accepted.batch_id, accepted.business_date
    from (
        select
            batch.feed, batch.source, batch.batch_id, batch.business_date, feed.load_mode,
            row_number() over (
                partition by batch.feed, batch.source order by batch.business_date desc, batch.batch_id desc
            ) as age
        from ops.batch
        inner join ops.feed on batch.feed = feed.feed
        where batch.status = 'accepted' and batch.business_date <= as_of
    ) as accepted
    where accepted.load_mode <> 'snapshot' or accepted.age = 1
$$;

-- Changes with every verdict on a delivery of a day or before it, also with those that leave the batches in force alone.
create function ops.verdicts(as_of date)
returns text
language sql stable
as $$
    select md5(coalesce(string_agg(batch_id || status, ',' order by batch_id), ''))
    from ops.batch
    where status <> 'landed' and business_date <= as_of
$$;

create table ops.superseded_row (
    feed text not null,
    batch_id bigint not null,
    row_no integer not null,
    primary key (batch_id, row_no)
);
comment on table ops.superseded_row is
'被取代的行 | Exact duplicates and older versions of one business key within a batch; never in force';

create table ops.check_result (
    check_result_id bigint generated always as identity primary key,
    batch_id bigint,
    version bigint,
    subject text not null,
    rule text not null,
    severity text not null check (severity in ('quarantine', 'flag', 'batch', 'error')),
    passed boolean not null,
    failed_rows integer,
    checked_at timestamptz not null default clock_timestamp()
);
create index check_result_by_batch on ops.check_result (batch_id);
create index check_result_by_version on ops.check_result (version);
comment on table ops.check_result is '校验结果 | One rule applied to one batch or one built table; counts only, never a value';

create table ops.version (
    version bigint generated always as identity primary key,
    as_of date not null,
    as_of_at timestamptz not null,
    batches jsonb not null,
    verdicts text not null,
    status text not null default 'building' check (status in ('building', 'published', 'failed', 'retired')),
    reason text,
    started_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz
);
comment on table ops.version is '版本 | One build of the warehouse for one business date and the batches in force in it';

create table ops.published (
    mart text primary key,
    version bigint not null references ops.version,
    as_of date not null,
    published_at timestamptz not null
);
comment on table ops.published is '已发布版本 | The pointer each stable view follows; one small transaction moves all of them';

create table ops.node_run (
    node_run_id bigint generated always as identity primary key,
    version bigint references ops.version,
    node text not null,
    status text not null,
    seconds double precision not null,
    rows_affected bigint,
    ended_at timestamptz not null default clock_timestamp()
);
comment on table ops.node_run is '模型运行 | One dbt node of one build: how it ended and how long it took';

create table ops.mail (
    report text not null,
    business_date date not null,
    recipient text not null,
    message_id text not null,
    sent_at timestamptz not null default clock_timestamp(),
    primary key (report, business_date, recipient)
);
comment on table ops.mail is '邮件 | A report sent: once per recipient and day, however often it is retried';

create table ops.access_grant (
    role_name text primary key,
    committee_code text not null,
    granted_on date not null default current_date
);
comment on table ops.access_grant is '居委会权限 | Which committee a login role may see';

-- ---------------------------------------------------------------- linkage: keys for ever
create table linkage.dwelling_key (
    dwelling_code text primary key,
    dwelling_key text not null unique,
    first_seen_on date not null
);
create table linkage.compound_key (
    compound_key text primary key,
    compound_name text not null,
    lanes text[] not null,
    committee_codes text[] not null,
    first_seen_on date not null
);
create table linkage.person (
    person_key text primary key,
    origin_feed text not null,
    origin_record text not null,
    first_seen_on date not null,
    merged_into text references linkage.person,
    merged_on date,
    unique (origin_feed, origin_record)
);
comment on table linkage.person is '人员键 | One row per person_key ever issued; a merge keeps the older key and is recorded here';
create table linkage.person_document (
    document_hash text primary key,
    document_kind text not null,
    person_key text not null references linkage.person,
    first_seen_on date not null
);
comment on table linkage.person_document is '证件映射 | Keyed hash of a canonical document -> the person it identifies';
-- What people decide overrides any rule (docs/rules.md, R-PERSON-7).
create table linkage.decision (
    decision_id bigint generated always as identity primary key,
    kind text not null check (kind in ('same_person', 'different_person', 'place')),
    left_feed text not null,
    left_record text not null,
    right_feed text,
    right_record text,
    dwelling_key text,
    decided_by text not null,
    decided_at timestamptz not null default clock_timestamp(),
    reason text
);
comment on table linkage.decision is '人工裁定 | A person''s decision about records; obeyed in every later run';

-- ---------------------------------------------------------------- roles (docs/rules.md, Privacy)
do $$
declare
    role_name text;
begin
    foreach role_name in array array['dashboard_reader', 'committee_reader', 'street_reader', 'pipeline', 'auditor']
    loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin', role_name);
        end if;
    end loop;
end
$$;

-- Every object is owned by the role that migrates, and the runs work as that owner. Members of `pipeline` read what a
-- run reads and keep its records.
grant usage, create on schema raw, quarantine, rules, ops, staging, build, versions, core, linkage, marts, audit to pipeline;
grant select, insert, update, delete on all tables in schema ops, linkage to pipeline;
alter default privileges in schema raw, quarantine, staging grant select on tables to pipeline;
grant usage on schema marts, versions, ops to dashboard_reader, committee_reader, street_reader;
grant usage on schema audit, ops to auditor;
grant select on all tables in schema ops to auditor;
grant select on ops.published to dashboard_reader, committee_reader, street_reader;
grant select on ops.access_grant to committee_reader;

alter table ops.access_grant enable row level security;
create policy own_grant on ops.access_grant for select to committee_reader using (role_name = current_user);
create policy auditor_reads on ops.access_grant for select to auditor using (true);
create policy pipeline_keeps on ops.access_grant to pipeline using (true) with check (true);
