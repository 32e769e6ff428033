-- One row an arrival: the colour of the first rule its origin meets.
with arrivals as (
    select feed, batch_id, row_no, origin_kind, origin_code from {{ ref('int_arrival') }}
),

met as (
    select
        arrivals.feed,
        arrivals.batch_id,
        arrivals.row_no,
        colour.rule_no as colour_rule,
        colour.colour,
        row_number() over (
            partition by arrivals.feed, arrivals.batch_id, arrivals.row_no
            order by colour.rule_no
        ) as place_in_order
    from arrivals
    inner join {{ ref('colours') }} as colour
        on
            arrivals.origin_kind = colour.origin_kind
            and (colour.origin_code = '*' or arrivals.origin_code = colour.origin_code)
)

select
    feed,
    batch_id,
    row_no,
    colour_rule,
    colour
from met
where place_in_order = 1
