-- One row a word of evidence how a dwelling is occupied.
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
