-- One row per tag of the dictionary.
select
    tag.tag,
    tag.label_zh,
    tag.icon,
    tag.colour as colour_hex,
    (
        select min(duty.every_days)
        from {{ ref('int_duty_kind') }} as duty
        where duty.tag = tag.tag or duty.scenario = tag.scenario
    ) as visit_every_days,
    tag.purpose as purpose_zh,
    tag.sort_order,
    {{ as_of() }} as as_of
from {{ ref('int_tag') }} as tag
