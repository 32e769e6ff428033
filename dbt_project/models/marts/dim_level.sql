-- One row per level of a compound, from the calmest.
select
    level,
    label_zh as level_zh,
    icon,
    colour as colour_hex,
    from_persons,
    lead(from_persons) over (order by from_persons) - 1 as to_persons,
    cast(row_number() over (order by from_persons) as integer) as sort_order,
    {{ as_of() }} as as_of
from {{ ref('levels') }}
