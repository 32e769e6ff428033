-- One row per word of evidence how a dwelling is occupied.
select
    dwelling.dwelling_key,
    'housing_registry' as source,
    2 as source_rank,
    tenure.batch_id,
    tenure.row_no,
    case tenure.tenure when 1 then 'owner_occupied' when 2 then 'rented' when 3 then 'vacant' end as occupancy,
    false as is_renovating,
    case when not tenure.is_since_ever then tenure.stood_since end as known_on,
    tenure.stood_since as shown_on
from {{ ref('int_housing_tenure') }} as tenure
inner join {{ ref('dim_dwelling') }} as dwelling
    on tenure.batch_id = dwelling.batch_id and tenure.row_no = dwelling.row_no
union all
select
    link.dwelling_key,
    'property_occupancy' as source,
    1 as source_rank,
    told.batch_id,
    told.row_no,
    -- 装修 is vacant, and told as such (R-HOME-6).
    case told.occupancy when '自住' then 'owner_occupied' when '出租' then 'rented' else 'vacant' end as occupancy,
    told.occupancy = '装修' as is_renovating,
    told.registered_on as known_on,
    told.registered_on as shown_on
from {{ ref('stg_property_occupancy') }} as told
inner join {{ source('linkage_build', 'record_link') }} as link
    on
        told.batch_id = link.batch_id
        and told.row_no = link.row_no
        and link.feed = 'property_occupancy'
where told.occupancy is not null and link.dwelling_key is not null
