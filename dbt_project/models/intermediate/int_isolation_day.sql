-- One row a person x day of arrival that bears on isolation: 集中 over 居家 over 无需.
with registrations as (
    select
        person_key,
        arrived_on,
        disposition,
        -- Central isolation from the first: no home episode. Home once: the episode ends when the revision was recorded.
        not was_home and disposition = 'central_isolation' as is_central,
        was_home and (place_level <> 'outside' or moved_on is not null) as is_home,
        was_home and is_new_entry as is_new_entry,
        case
            when place_level = 'outside' and disposition = 'home_isolation' then moved_on
            when disposition <> 'home_isolation' then closed_on
        end as closed_on
    from {{ ref('fct_arrival') }}
),

days as (
    select
        person_key,
        arrived_on,
        bool_or(is_central) as is_central,
        bool_or(is_home) as is_home,
        bool_or(is_new_entry and is_home) as is_new_entry,
        min(closed_on) as closed_on
    from registrations
    group by person_key, arrived_on
)

select
    person_key,
    arrived_on,
    case when is_central then 'central' else 'home' end as kind,
    is_new_entry,
    case when closed_on < arrived_on + 14 then greatest(closed_on, arrived_on) end as closed_on,
    row_number() over (partition by person_key order by arrived_on) as step
from days
where is_central or is_home
