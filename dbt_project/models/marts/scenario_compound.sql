-- One row per scenario that runs on D x compound x committee.
with persons as (
    select
        scenario, compound_key, committee_code,
        count(*) filter (where not is_unknown) as population,
        count(*) filter (where is_unknown) as unknown,
        count(*) filter (where colour = 'orange') as population_orange,
        count(*) filter (where colour = 'yellow') as population_yellow,
        count(*) filter (where colour = 'blue') as population_blue
    from {{ ref('int_scenario_person') }}
    group by scenario, compound_key, committee_code
),

duties as (
    select scenario, compound_key, committee_code, count(*) as duties_open
    from {{ ref('worklist') }}
    where status <> 'done' and due_on <= {{ as_of() }}
    group by scenario, compound_key, committee_code
)

select
    running.scenario,
    running.title_zh,
    compound.compound_key,
    compound.compound_name,
    compound.committee_code,
    compound.committee_name,
    cast(coalesce(persons.population, 0) as integer) as population,
    cast(coalesce(persons.unknown, 0) as integer) as unknown,
    cast(coalesce(persons.population_orange, 0) as integer) as population_orange,
    cast(coalesce(persons.population_yellow, 0) as integer) as population_yellow,
    cast(coalesce(persons.population_blue, 0) as integer) as population_blue,
    told.level,
    {{ looked_up('levels', 'level', 'told.level') }} as level_zh,
    cast(coalesce(duties.duties_open, 0) as integer) as duties_open,
    {{ as_of() }} as as_of
from ops.scenario_in_force({{ as_of() }}) as running
cross join {{ ref('dim_compound') }} as compound
left join persons
    on
        running.scenario = persons.scenario
        and compound.compound_key = persons.compound_key
        and compound.committee_code = persons.committee_code
left join duties
    on
        running.scenario = duties.scenario
        and compound.compound_key = duties.compound_key
        and compound.committee_code = duties.committee_code
cross join
    lateral (
        -- The highest whose bound is reached (R-ISO-12).
        select
            coalesce((
                select bound.level
                from jsonb_each_text(running.definition -> 'levels') as bound (level, least)
                where persons.population >= cast(bound.least as integer)
                order by cast(bound.least as integer) desc
                limit 1
            ), 'none') as level
    ) as told
