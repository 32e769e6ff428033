-- One row per visit whose person is known: the door at which the lists have them that day, by R-HOME-1 and R-HOME-2.
{{ config(indexes=[{'columns': ['batch_id', 'row_no'], 'unique': true}]) }}

with told as (
    select
        visited.batch_id,
        visited.row_no,
        door.person_key,
        door.dwelling_key,
        door.since,
        door.source_rank,
        -- Who isolated that day was where they isolate, until the visit that releases them, whenever this is read.
        coalesce(
            cast(visit.visited_at at time zone 'Asia/Shanghai' as date) between door.since and door.isolating_until, false
        ) as is_isolating
    from {{ ref('int_visit_person') }} as visited
    inner join {{ ref('stg_visit_log') }} as visit on visited.batch_id = visit.batch_id and visited.row_no = visit.row_no
    inner join {{ ref('int_listed_door') }} as door on visited.person_key = door.person_key
),

ranked as (
    select
        told.batch_id,
        told.row_no,
        told.dwelling_key,
        row_number() over (
            partition by told.batch_id, told.row_no
            order by
                told.is_isolating desc, told.source_rank asc, told.since desc nulls last, told.dwelling_key asc
        ) as choice
    from told
    left join {{ ref('dim_dwelling') }} as door on told.dwelling_key = door.dwelling_key
    left join {{ ref('int_registry_person') }} as registry
        on told.person_key = registry.person_key and registry.is_living_here and registry.dwelling_key is null
    where
        told.is_isolating
        -- Of whom the register of the population says the building or the compound alone, it is a door in that.
        or coalesce(registry.building_key, door.building_key, '') = coalesce(door.building_key, '')
        and coalesce(registry.compound_key, door.compound_key, '') = coalesce(door.compound_key, '')
)

select
    batch_id,
    row_no,
    dwelling_key
from ranked
where choice = 1
