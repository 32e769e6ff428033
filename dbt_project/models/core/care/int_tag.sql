-- One row per tag that people may have on D: the standing ones, and those that a running scenario brings (R-TAG-6).
select
    tag.tag,
    cast(null as text) as scenario,
    tag.sort_order,
    tag.label_zh,
    tag.icon,
    tag.colour,
    tag.purpose,
    told.condition,
    told.since
from {{ ref('tags') }} as tag
-- Its predicate in SQL.
inner join {{ source('ops', 'tag_condition') }} as told on tag.tag = told.tag
union all
select
    brought.tag,
    running.scenario,
    brought.sort_order,
    brought.label_zh,
    brought.icon,
    brought.colour,
    brought.purpose,
    brought.condition,
    brought.since
from ops.scenario_in_force({{ as_of() }}) as running
cross join
    lateral jsonb_to_recordset(running.definition -> 'tags') as brought (
        tag text, sort_order integer, label_zh text, icon text, colour text, purpose text, condition text, since text
    )
