-- One row per dwelling of the housing register in force.
{{ config(indexes=[{'columns': ['building_key']}, {'columns': ['compound_key', 'committee_code']}]) }}

select
    dwelling.dwelling_key,
    dwelling.dwelling_code,
    dwelling.batch_id,
    dwelling.row_no,
    dwelling.building_key,
    dwelling.compound_key,
    dwelling.compound_name,
    -- A code that is no committee of the street places nobody.
    committee.committee_code,
    dwelling.road,
    dwelling.lane,
    dwelling.building_no,
    dwelling.unit_no,
    dwelling.room_no,
    concat(
        dwelling.road,
        case when dwelling.lane like '%弄' then dwelling.lane else dwelling.lane || '弄' end,
        dwelling.building_no || '号',
        case when dwelling.room_no like '%室' then dwelling.room_no else dwelling.room_no || '室' end
    ) as address,
    housing.floor,
    housing.floors_total,
    housing.area_sqm,
    housing.usage,
    housing.tenure,
    housing.owner_name,
    housing.longitude,
    housing.latitude
from {{ source('linkage_build', 'dwelling') }} as dwelling
inner join {{ ref('stg_housing_registry') }} as housing
    on dwelling.batch_id = housing.batch_id and dwelling.row_no = housing.row_no
left join {{ ref('committees') }} as committee on dwelling.committee_code = committee.committee_code
