-- One row an arrival: the colour of the rule for its origin.
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
            -- A rule for one origin holds over the one for all of its kind; their numbers only say which colour is graver.
            order by (colour.origin_code = '*'), colour.rule_no
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
