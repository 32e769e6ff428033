-- One row per home-isolation episode: its dates as they stand at D.
with last_step as (
    select
        *,
        row_number() over (partition by person_key, episode_no order by step desc) as newest
    from {{ ref('int_isolation_step') }}
    where episode_no > 0
),

dated as (
    select
        step.person_key,
        step.episode_no,
        step.started_on,
        step.first_started_on,
        step.earlier_starts,
        -- What closes it comes before its release: a revision, a later central arrival, a death on the day it was recorded.
        least(
            case when step.closed_on < step.started_on + {{ isolation_days() }} then step.closed_on end,
            case when registry.died_on >= step.started_on and registry.died_on < step.started_on + {{ isolation_days() }} then registry.died_on end
        ) as closed_on,
        case when registry.died_on <= step.closed_on then 'transferred' else step.closed_as end as closed_as
    from last_step as step
    left join {{ ref('int_registry_person') }} as registry on step.person_key = registry.person_key
    where step.newest = 1
)

select
    person_key,
    episode_no,
    -- Known by its first day; it ends 14 days after its start, unless something closes it (R-ISO-1, R-ISO-3).
    person_key || '-' || to_char(first_started_on, 'YYYYMMDD') as episode_key,
    started_on,
    first_started_on,
    earlier_starts,
    coalesce(closed_on, started_on + {{ isolation_days() }}) as release_on,
    case
        when closed_on <= {{ as_of() }} then coalesce(closed_as, 'transferred')
        when {{ as_of() }} < started_on + {{ isolation_days() }} then 'isolating'
        else 'completed'
    end as status
from dated
