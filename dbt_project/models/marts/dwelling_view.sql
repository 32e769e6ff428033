-- One row per dwelling.
with households as (
    select
        residence.dwelling_key,
        array_agg(distinct registry.household_no order by registry.household_no) as household_nos
    from {{ ref('fct_residence') }} as residence
    inner join {{ ref('int_registry_person') }} as registry on residence.person_key = registry.person_key
    where residence.dwelling_key is not null and registry.household_no is not null
    group by residence.dwelling_key
)

select
    dwelling.dwelling_key,
    dwelling.committee_code,
    {{ looked_up('committees', 'committee_code', 'dwelling.committee_code', 'committee_name') }} as committee_name,
    dwelling.building_key,
    dwelling.compound_name,
    dwelling.building_no,
    building.building_name,
    dwelling.room_no,
    dwelling.address,
    dwelling.owner_name,
    occupancy.occupancy,
    {{ code_label('occupancy', 'occupancy.occupancy') }} as occupancy_zh,
    occupancy.occupancy_source,
    occupancy.occupancy_on,
    array_remove(array[
        case when occupancy.is_occupied_conflict then 'occupied_conflict' end,
        case when occupancy.is_renovating then 'renovating' end
    ], null) as occupancy_flags,
    coalesce(households.household_nos, cast(array[] as text[])) as household_nos,
    coalesce(door.residents, 0) as residents,
    visited.last_visit_at,
    {{ as_of() }} as as_of
from {{ ref('dim_dwelling') }} as dwelling
inner join {{ ref('dim_building') }} as building on dwelling.building_key = building.building_key
left join {{ ref('fct_occupancy') }} as occupancy on dwelling.dwelling_key = occupancy.dwelling_key
left join {{ ref('int_door') }} as door on dwelling.dwelling_key = door.dwelling_key
left join (
    select dwelling_key, max(visited_at) as last_visit_at
    from {{ ref('int_visit') }}
    where outcome = 'made'
    group by dwelling_key
) as visited on dwelling.dwelling_key = visited.dwelling_key
left join households on dwelling.dwelling_key = households.dwelling_key
