-- One row per tag of the dictionary.
select
    tag,
    label_zh,
    icon,
    colour as colour_hex,
    visit_every_days,
    purpose as purpose_zh,
    sort_order,
    {{ as_of() }} as as_of
from {{ ref('tags') }}
