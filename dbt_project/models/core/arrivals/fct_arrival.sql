-- One row per accepted arrival in force: one registration of one person, on or before D.
{{ config(indexes=[{'columns': ['person_key', 'arrived_on']}]) }}

with placed as (
    select
        arrival.*,
        link.person_key,
        link.person_method,
        link.dwelling_key,
        link.building_key,
        link.compound_key,
        link.committee_code,
        link.place_level,
        link.place_method,
        -- A new entry_id of the same document, flight and day is the same arrival (R-ISO-5).
        row_number() over (
            partition by link.person_key, arrival.arrived_on, coalesce(arrival.flight_no, arrival.record_code)
            order by arrival.recorded_at nulls last, arrival.batch_id, arrival.row_no
        ) as telling,
        row_number() over (
            partition by link.person_key, arrival.arrived_on
            order by
                (link.committee_code is null), arrival.recorded_at desc nulls last, arrival.batch_id asc, arrival.row_no asc
        ) as counted
    from {{ ref('int_arrival') }} as arrival
    inner join {{ source('linkage_build', 'record_link') }} as link
        on
            arrival.feed = link.feed
            and arrival.batch_id = link.batch_id
            and arrival.row_no = link.row_no
    -- One that is still to come says nothing of D (R-ISO-2).
    where arrival.arrived_on <= {{ as_of() }}
),

told as (
    select
        placed.feed,
        placed.batch_id,
        placed.row_no,
        placed.record_code,
        placed.person_key,
        placed.person_method,
        placed.arrived_on,
        placed.recorded_at,
        placed.business_date,
        placed.origin_kind,
        placed.origin_code,
        placed.origin_name,
        colour.colour_rule,
        colour.colour,
        coalesce(placed.disposition, colour.usual_disposition) as disposition,
        coalesce(placed.was_home, colour.usual_disposition = 'home_isolation') as was_home,
        placed.closed_on,
        placed.moved_on,
        placed.is_border_entry and placed.telling = 1 as is_new_entry,
        placed.counted = 1 as is_counted,
        placed.dwelling_key,
        placed.building_key,
        placed.compound_key,
        placed.committee_code,
        placed.place_level,
        placed.place_method
    from placed
    left join {{ ref('int_arrival_colour') }} as colour
        on
            placed.feed = colour.feed
            and placed.batch_id = colour.batch_id
            and placed.row_no = colour.row_no
),

meant as (
    select
        *,
        -- Home isolation once: the episode ends when a revision says so. None before: central from the first.
        case
            when was_home and place_level = 'outside' and moved_on is null then 'elsewhere'
            when was_home then 'home'
            when disposition in ('central_isolation', 'transferred_out') then 'central'
            else 'none'
        end as isolation_kind
    from told
),

weighed as (
    select
        *,
        case isolation_kind when 'central' then 3 when 'none' then 1 else 2 end as weight
    from meant
)

select
    feed, batch_id, row_no, record_code, person_key, person_method, arrived_on, recorded_at, business_date,
    origin_kind, origin_code, origin_name, colour_rule, colour, disposition, was_home, isolation_kind,
    -- Of one person's registrations of one day 集中 holds over 居家, and that over 无需.
    weight < max(weight) over (partition by person_key, arrived_on) as is_overruled,
    closed_on, moved_on, is_new_entry, is_counted,
    dwelling_key, building_key, compound_key, committee_code, place_level, place_method
from weighed
