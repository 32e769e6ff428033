-- One row per scenario that runs on D x person whom it means, or of whom that can't be told.
{{ config(indexes=[{'columns': ['scenario', 'person_key']}, {'columns': ['person_key']}]) }}

with asked as (
    select
        cast(null as text) as scenario, person_key, dwelling_key, building_key, compound_key, committee_code,
        cast(null as boolean) as is_meant, cast(null as text) as colour
    from {{ ref('int_person_attribute') }}
    where false
    {%- for scenario in running_scenarios() %}
    union all
    select
        '{{ scenario.scenario }}' as scenario,
        attribute.person_key, attribute.dwelling_key, attribute.building_key, attribute.compound_key,
        attribute.committee_code,
        {{ scenario.population }} as is_meant,
        {{ scenario_colour(scenario) }} as colour
    from {{ ref('int_person_attribute') }} as attribute
    {%- endfor %}
)

select
    scenario,
    person_key,
    dwelling_key,
    building_key,
    compound_key,
    committee_code,
    -- Neither in nor out: never left out silently (R-SCEN-3).
    is_meant is null as is_unknown,
    case when is_meant then colour end as colour
from asked
where is_meant is distinct from false
