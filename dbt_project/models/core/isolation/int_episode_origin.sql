-- One row per episode: the gravest colour that any of its registrations has, and that one's origin.
with ranked as (
    select
        *,
        -- The first rule that any registration meets (R-ISO-9).
        row_number() over (
            partition by episode_key
            order by colour_rule asc, arrived_on desc, recorded_at desc nulls last, batch_id desc, row_no desc
        ) as gravest
    from {{ ref('int_episode_arrival') }}
)

select
    episode_key,
    origin_kind,
    origin_code,
    origin_name,
    colour
from ranked
where gravest = 1
