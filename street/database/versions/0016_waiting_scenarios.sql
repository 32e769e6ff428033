-- A scenario that asks what no connected feed tells is known and doesn't run: a street without arrivals builds all the
-- same. (docs/rules.md, R-SCEN-3.)

alter table ops.scenario add column is_connected boolean not null default true;
comment on column ops.scenario.is_connected is
'Whether some feed that has ever arrived tells each word it asks; it runs only then';

create or replace function ops.scenario_in_force(as_of date)
returns table (scenario text, title_zh text, runs_from date, definition jsonb, digest text)
language sql stable
as $$
    select scenario.scenario, scenario.title_zh, scenario.runs_from, scenario.definition, scenario.digest
    from ops.scenario
    where scenario.definition is not null and scenario.is_connected and scenario.is_on
        and as_of between scenario.runs_from and scenario.runs_until
$$;
