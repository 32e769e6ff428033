-- One row per person x day that bears on isolation: of arrivals 集中 over 居家 over 无需, and of a visit that releases.
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
    union all
    -- A day of an arrival is one of arrival (R-ISO-3): `central` and `home` come before `release`.
    select
        person_key,
        visited_on as arrived_on,
        'release' as isolation_kind,
        false as is_new_entry,
        cast(null as date) as closed_on
    from {{ ref('int_visit') }}
    where kind = '解除隔离' and outcome = 'made' and person_key in (select arrival.person_key from {{ ref('fct_arrival') }} as arrival)
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
