-- The end of what is held: what was removed, when, by which rule. (docs/rules.md, Retention.)

-- The rows of a batch that was removed are gone from everywhere; the batch itself, with its counts, stays.
alter table ops.batch add column removed_on date;

-- Since when what a scenario told of persons is over: its end and its retention have passed; null until then.
alter table ops.scenario add column removed_on date;

-- Columns that end before the rest of their row does: column -> days.
alter table ops.feed add column column_days jsonb not null default '{}';

create table ops.tombstone (
    feed text not null,
    batch_id bigint not null,
    row_no integer not null,
    row_hash text not null,
    removed_on date not null,
    rule text not null,
    primary key (batch_id, row_no)
);
comment on table ops.tombstone is
'已删除的记录 | A row whose last copy was removed, and by which rule: where it stood and its digest, no value of it';

create table ops.removal (
    removal_id bigint generated always as identity primary key,
    removed_at timestamptz not null default clock_timestamp(),
    as_of date not null,
    rule text not null,
    place text not null,
    feed text,
    items bigint not null
);
comment on table ops.removal is
'删除记录 | How much was removed from one place at one go, and by which rule; the report of each retention run';

grant select, insert, update, delete on ops.tombstone, ops.removal to pipeline;
grant select on ops.tombstone, ops.removal to auditor;

-- Since when a record isn't in force any more; null while it is. (R-RET-5)
alter table linkage.person_record add column unseen_since date;

-- As in 0001, without the batches that were removed. (R-BATCH-4, R-RET-1)
create or replace function ops.batch_in_force(as_of date)
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
        where batch.status = 'accepted' and batch.removed_on is null and batch.business_date <= as_of
    ) as accepted
    where accepted.load_mode <> 'snapshot' or accepted.age = 1
$$;

-- The batches whose end has come at the beginning of a day: the feed's retention counts from their business date. What a
-- snapshot says holds until a newer one comes: while its feed has brought none in all that time, it stays in force and
-- isn't over. (R-RET-1)
create function ops.batch_over(as_of date)
returns table (feed text, source text, batch_id bigint, business_date date)
language sql stable
as $$
    select batch.feed, batch.source, batch.batch_id, batch.business_date
    from ops.batch
    inner join ops.feed on batch.feed = feed.feed
    where
        batch.removed_on is null and batch.business_date + feed.retention_days < as_of
        and not (
            feed.load_mode = 'snapshot'
            and batch.batch_id in (select in_force.batch_id from ops.batch_in_force(as_of) as in_force)
            and not exists (
                select from ops.batch_in_force(as_of) as newer
                where newer.feed = batch.feed and newer.business_date + feed.retention_days >= as_of
            )
        )
$$;

-- When a day was closed: what it was told by, was removed; null while it is open. A day is told by the snapshots that
-- were in force on it and by the arrivals of the 28 days before it: 14 of isolation, 14 in which one who was released
-- still counts. (R-RET-4)
create function ops.closed_on(as_of date)
returns date
language sql stable
as $$
    select max(told.removed_on)
    from (
        select
            batch.removed_on, batch.business_date, feed.load_mode, feed.retention_days,
            row_number() over (
                partition by batch.feed, batch.source order by batch.business_date desc, batch.batch_id desc
            ) as age
        from ops.batch
        inner join ops.feed on batch.feed = feed.feed
        where batch.status = 'accepted' and batch.business_date <= as_of
    ) as told
    where
        told.removed_on is not null
        and (
            (told.load_mode = 'snapshot' and told.age = 1 and told.business_date + told.retention_days >= as_of)
            or (told.load_mode <> 'snapshot' and told.business_date > as_of - least(28, told.retention_days))
        )
$$;

-- Whether a build was made of something that has been removed since: of a batch, of rows of it that a person had
-- forgotten, or in the days of a scenario that is over. (R-RET-3)
create function ops.holds_removed(of_version bigint)
returns boolean
language sql stable
as $$
    select exists (
        select from ops.version
        cross join lateral jsonb_each(version.batches) as feed (name, ids)
        cross join lateral jsonb_array_elements_text(feed.ids) as in_force (batch_id)
        inner join ops.batch on batch.batch_id = in_force.batch_id::bigint
        where version.version = of_version and batch.removed_on is not null
    ) or exists (
        select from ops.version
        inner join ops.scenario on version.scenarios ? scenario.scenario
        where version.version = of_version and scenario.removed_on is not null
            and version.as_of between scenario.runs_from and scenario.runs_until
    ) or exists (
        select from ops.version
        inner join ops.removal on removal.removed_at > version.started_at and removal.place = 'person'
        where version.version = of_version
    )
$$;

-- What residents asked for and who carried it out: never a value of the person. (R-RET-8, R-RET-9)
create table audit.person_request (
    request_id bigint generated always as identity primary key,
    kind text not null check (kind in ('export', 'forget')),
    person_key text not null,
    asked_by text not null,
    role_name text not null default current_user,
    reason text not null,
    items bigint not null,
    asked_at timestamptz not null default clock_timestamp()
);
comment on table audit.person_request is
'个人请求 | A resident''s request to see or to delete what is held on them: who carried it out, when, why';
grant select, insert, update, delete on audit.person_request to pipeline;
grant select on audit.person_request to auditor;
