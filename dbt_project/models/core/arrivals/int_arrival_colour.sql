-- One row per arrival: the colour of the rule for its origin (R-ISO-8).
with arrivals as (
    select feed, batch_id, row_no, origin_kind, origin_code from {{ ref('int_arrival') }}
),

met as (
    select
        arrivals.feed,
        arrivals.batch_id,
        arrivals.row_no,
        rule.rule_no as colour_rule,
        rule.colour,
        row_number() over (
            partition by arrivals.feed, arrivals.batch_id, arrivals.row_no
            -- A rule for one origin holds over the one for all of its kind; their numbers only say which colour is graver.
            order by (rule.origin_code = '*'), rule.rule_no
        ) as place_in_order
    from arrivals
    inner join {{ ref('colour_rules') }} as rule
        on
            arrivals.origin_kind = rule.origin_kind
            and (rule.origin_code = '*' or arrivals.origin_code = rule.origin_code)
)

select
    met.feed,
    met.batch_id,
    met.row_no,
    met.colour_rule,
    met.colour,
    -- What holds where the registration says nothing of isolation (R-ISO-7).
    colour.disposition as usual_disposition
from met
inner join {{ ref('colours') }} as colour on met.colour = colour.colour
where met.place_in_order = 1
