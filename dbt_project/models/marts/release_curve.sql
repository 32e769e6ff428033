-- One row per coming day of release x committee (one for the unplaced) x colour; no row for the street: they add up.
with days as (
    select {{ as_of() }} + day.n as release_on
    from generate_series(1, {{ isolation_days() }}) as day (n)
),

released as (
    select
        episode.release_on,
        coalesce(committee.committee_code, '{{ var("unplaced_code") }}') as committee_code,
        episode.colour,
        count(*) as releasing
    from {{ ref('fct_isolation_episode') }} as episode
    left join {{ ref('committees') }} as committee on episode.committee_code = committee.committee_code
    where episode.status = 'isolating'
    group by episode.release_on, coalesce(committee.committee_code, '{{ var("unplaced_code") }}'), episode.colour
)

select
    days.release_on,
    place.committee_code,
    place.committee_name,
    place.row_kind,
    place.row_kind_zh,
    colour.colour,
    colour.label_zh as colour_zh,
    cast(coalesce(released.releasing, 0) as integer) as releasing,
    {{ as_of() }} as as_of
from days
cross join {{ ref('dim_committee') }} as place
cross join (
    values
    {%- for colour, label in isolation_colours().items() %}
    ('{{ colour }}', '{{ label | replace("'", "''") }}'){{ "," if not loop.last }}
    {%- endfor %}
) as colour (colour, label_zh)
left join released
    on
        days.release_on = released.release_on
        and place.committee_code = released.committee_code
        and colour.colour = released.colour
where place.row_kind <> 'street'
