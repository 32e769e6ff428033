-- One row per scenario that the office knows, whether it runs on D or not.
with counted as (
    select
        scenario,
        count(*) filter (where not is_unknown) as population,
        count(*) filter (where is_unknown) as unknown
    from {{ ref('int_scenario_person') }}
    group by scenario
),

known as (
    select
        *,
        case
            when definition is null or not is_connected then 'refused'
            when {{ as_of() }} < runs_from then 'coming'
            -- Past its end it doesn't run (R-SCEN-2).
            when {{ as_of() }} > runs_until then 'ended'
            when is_on then 'running'
            else 'off'
        end as state
    from {{ source('ops', 'scenario') }}
)

select
    known.scenario,
    coalesce(nullif(known.title_zh, ''), known.scenario) as title_zh,
    known.definition ->> 'purpose' as purpose_zh,
    known.definition ->> 'legal_basis' as legal_basis_zh,
    known.runs_from,
    known.runs_until,
    known.state,
    {{ code_label('scenario_state', 'known.state') }} as state_zh,
    -- Why its file can't be used as it stands now; what was last usable stays in force.
    known.refused as refused_zh,
    known.digest,
    known.retention_days,
    known.definition #>> '{report,section_zh}' as section_zh,
    array(select jsonb_array_elements_text(known.definition #> '{report,figures}')) as figures,
    cast(case when known.state = 'running' then coalesce(counted.population, 0) end as integer) as population,
    cast(case when known.state = 'running' then coalesce(counted.unknown, 0) end as integer) as unknown,
    {{ as_of() }} as as_of
from known
left join counted on known.scenario = counted.scenario
