-- One row per level of a compound, from the calmest.
with bounded as (
    select
        *,
        case level
            when 'none' then 0
            {%- for level, least in isolation().levels.items() %}
            when '{{ level }}' then {{ least }}
            {%- endfor %}
        end as from_persons
    from {{ ref('levels') }}
)

select
    level,
    label_zh as level_zh,
    icon,
    colour as colour_hex,
    from_persons,
    lead(from_persons) over (order by from_persons) - 1 as to_persons,
    cast(row_number() over (order by from_persons) as integer) as sort_order,
    {{ as_of() }} as as_of
from bounded
-- A level that the scenario doesn't use has no bound.
where from_persons is not null
