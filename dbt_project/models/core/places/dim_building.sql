-- One row per building.
{{ config(indexes=[{'columns': ['compound_key']}]) }}

select
    building_key,
    min(compound_key) as compound_key,
    min(compound_name) as compound_name,
    min(committee_code) as committee_code,
    min(road) as road,
    min(lane) as lane,
    min(building_no) as building_no,
    -- A house on a street is known by its road, one in a compound by the compound.
    case when min(lane) is null then min(road) else min(compound_name) end || min(building_no) || '号' as building_name,
    max(floors_total) as floors_total,
    cast(avg(longitude) as double precision) as longitude,
    cast(avg(latitude) as double precision) as latitude,
    cast(count(*) filter (where usage = 1) as integer) as dwellings
from {{ ref('dim_dwelling') }}
group by building_key
