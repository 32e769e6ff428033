-- Scenarios and the conditions of tags, in SQL; which versions of scenarios a build used. (docs/rules.md, Scenarios.)

create table ops.scenario (
    scenario text primary key,
    title_zh text not null default '',
    runs_from date,
    runs_until date,
    is_on boolean not null default true,
    switched_by text,
    switched_at timestamptz,
    definition jsonb,
    digest text,
    retention_days integer,
    refused text,
    stored_at timestamptz not null default clock_timestamp(),
    -- What was never usable has neither.
    constraint scenario_is_whole check ((definition is null) = (digest is null))
);
comment on table ops.scenario is
'场景 | The scenarios of the folder as they were last usable; written from their files, but for the switch, never by hand';

create table ops.tag_condition (
    tag text primary key,
    condition text not null,
    since text
);
comment on table ops.tag_condition is '标签条件 | What the predicate of a standing tag (seeds/tags.csv) is in SQL';

-- The one definition of which scenarios run on a day: between their dates, and not switched off (R-SCEN-2).
create function ops.scenario_in_force(as_of date)
returns table (scenario text, title_zh text, runs_from date, definition jsonb, digest text)
language sql stable
as $$
    select scenario.scenario, scenario.title_zh, scenario.runs_from, scenario.definition, scenario.digest
    from ops.scenario
    where scenario.definition is not null and scenario.is_on
        and as_of between scenario.runs_from and scenario.runs_until
$$;

-- Their versions, and of the one that says what home isolation is also where it doesn't run: past episodes follow it.
create function ops.scenario_versions(as_of date)
returns jsonb
language sql stable
as $$
    select coalesce(jsonb_object_agg(used.scenario, used.digest), '{}')
    from (
        select running.scenario, running.digest from ops.scenario_in_force(as_of) as running
        union
        select scenario.scenario, scenario.digest from ops.scenario where scenario.definition -> 'isolation' <> 'null'
    ) as used
$$;

alter table ops.version add column scenarios jsonb;
comment on column ops.version.scenarios is 'The versions of the scenarios that the build used; null before there were any';

grant select, insert, update, delete on ops.scenario, ops.tag_condition to pipeline;
grant select on ops.scenario, ops.tag_condition to auditor;
