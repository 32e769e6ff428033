-- One row per building: where it stands and what its dwellings add up to.
{%- set sums = [
    'residents', 'isolating', 'completed_14d', 'elderly', 'living_alone_elderly', 'infants', 'disabled', 'low_income',
    'party_members', 'volunteers', 'building_leaders', 'open_duties',
] %}
with summed as (
    select
        building_key,
        {%- for count in sums %}
        cast(sum({{ count }}) as integer) as {{ count }},
        {%- endfor %}
        {%- for occupancy in ['owner_occupied', 'rented', 'vacant'] %}
        cast(count(*) filter (where occupancy = '{{ occupancy }}') as integer) as {{ occupancy }},
        {%- endfor %}
        cast(count(*) filter (where occupancy = 'unknown') as integer) as unknown_occupancy
    from {{ ref('building_view') }}
    group by building_key
)

select
    building.building_key,
    building.compound_key,
    building.compound_name,
    building.committee_code,
    {{ looked_up('committees', 'committee_code', 'building.committee_code', 'committee_name') }} as committee_name,
    building.building_no,
    building.building_name,
    building.road,
    building.lane,
    building.longitude,
    building.latitude,
    building.floors_total,
    building.dwellings,
    summed.owner_occupied,
    summed.rented,
    summed.vacant,
    summed.unknown_occupancy,
    {%- for count in sums %}
    summed.{{ count }},
    {%- endfor %}
    {{ as_of() }} as as_of
from {{ ref('dim_building') }} as building
inner join summed on building.building_key = summed.building_key
