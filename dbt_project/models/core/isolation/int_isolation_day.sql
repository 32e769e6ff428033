-- One row per person x day of arrival that bears on isolation: 集中 over 居家 over 无需.
with registrations as (
    select
        person_key,
        arrived_on,
        isolation_kind,
        isolation_kind = 'home' and is_new_entry as is_new_entry,
        least(
            case when place_level = 'outside' then moved_on end,
            case when disposition <> 'home_isolation' then closed_on end
        ) as closed_on
    from {{ ref('fct_arrival') }}
    where isolation_kind in ('central', 'home') and not is_overruled
),

days as (
    select
        person_key,
        arrived_on,
        -- All of one kind: what another overrules is left out (R-ISO-15).
        min(isolation_kind) as kind,
        bool_or(is_new_entry) as is_new_entry,
        min(closed_on) as closed_on
    from registrations
    group by person_key, arrived_on
)

select
    person_key,
    arrived_on,
    kind,
    is_new_entry,
    case when closed_on < arrived_on + {{ isolation_days() }} then greatest(closed_on, arrived_on) end as closed_on,
    row_number() over (partition by person_key order by arrived_on) as step
from days
