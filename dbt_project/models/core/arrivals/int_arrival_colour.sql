-- One row per arrival: the colour of the first rule of isolation that its origin meets (R-ISO-8).
{%- set rules = isolation() %}
with met as (
    select
        arrival.feed,
        arrival.batch_id,
        arrival.row_no,
        case
            {%- for rule in rules.colours %}
            when {{ rule.condition }} then {{ loop.index }}
            {%- endfor %}
        end as colour_rule
    from {{ ref('int_arrival') }} as arrival
)

select
    feed,
    batch_id,
    row_no,
    colour_rule,
    {{ colour_of_rule('colour_rule') }} as colour,
    -- What holds where the registration says nothing of isolation (R-ISO-7).
    case
        when {{ colour_of_rule('colour_rule') }} in ('{{ rules.isolation.at_home | join("', '") }}') then 'home_isolation'
        else 'none'
    end as usual_disposition
from met
where colour_rule is not null
