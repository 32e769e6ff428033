-- Locks that no reader can take, the ingests under way, the notices given. (docs/rules.md, The day and Privacy.)

-- Not advisory locks: whoever may connect can take one of those.
create table ops.lock (
    name text primary key
);
comment on table ops.lock is '锁 | What the pipeline does one at a time; its rows are locked, never changed';

create table ops.ingest (
    feed text not null,
    run_id text not null,
    business_date date not null,
    began_at timestamptz not null default clock_timestamp(),
    primary key (feed, run_id)
);
comment on table ops.ingest is '正在入库 | The runs that take in a feed for a business date and have not ended';

create table ops.notice (
    subject text not null,
    business_date date not null,
    reason text not null,
    noticed_at timestamptz not null default clock_timestamp(),
    primary key (subject, business_date, reason)
);
comment on table ops.notice is '告警 | A failure that people were told of: once for a day and a reason (a digest), however often it recurs';

-- The dashboard and the street have a login too, and no committee.
alter table ops.access_grant alter column committee_code drop not null;
comment on table ops.access_grant is '登录 | Who was given a login, and the committee whose rows it may see';

grant select, insert, update, delete on ops.lock, ops.ingest, ops.notice to pipeline;
grant select on ops.ingest, ops.notice to auditor;
