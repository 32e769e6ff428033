-- One row per scenario that runs on D x person whom it means, or of whom that can't be told.
{%- set attribute = ref('int_person_attribute') %}
{{ config(indexes=[{'columns': ['scenario', 'person_key']}, {'columns': ['person_key']}]) }}

with asked as (
    {%- for scenario in running_scenarios() %}
    select
        '{{ scenario.scenario }}' as scenario,
        attribute.person_key, attribute.dwelling_key, attribute.building_key, attribute.compound_key,
        attribute.committee_code,
        {{ scenario.population }} as is_meant,
        {%- if scenario.isolation %}
        -- That of the episode, whose arrivals were asked (R-ISO-9).
        attribute.isolation_colour
        {%- else %}
        case
        {%- for colour in scenario.colours %}
            when {{ colour.condition }} then '{{ colour.colour }}'
        {%- endfor %}
        end
        {%- endif %} as colour
    from {{ attribute }} as attribute
    {{ "union all" if not loop.last }}
    {%- else %}
    select
        cast(null as text) as scenario,
        attribute.person_key, attribute.dwelling_key, attribute.building_key, attribute.compound_key,
        attribute.committee_code,
        false as is_meant,
        cast(null as text) as colour
    from {{ attribute }} as attribute
    where false
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
