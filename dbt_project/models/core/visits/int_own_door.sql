-- One row per visit whose person is known: the door at which the lists have them that day, the first of R-HOME-1.
{{ config(indexes=[{'columns': ['batch_id', 'row_no'], 'unique': true}]) }}

with ranked as (
    select
        visited.batch_id,
        visited.row_no,
        door.dwelling_key,
        row_number() over (
            partition by visited.batch_id, visited.row_no
            -- Who isolated that day was where they isolate, until the visit that releases them, whenever this is read.
            order by
                coalesce(
                    cast(told.visited_at at time zone 'Asia/Shanghai' as date) between door.since and door.isolating_until,
                    false
                ) desc,
                door.source_rank asc, door.since desc nulls last, door.dwelling_key asc
        ) as choice
    from {{ ref('int_visit_person') }} as visited
    inner join {{ ref('stg_visit_log') }} as told on visited.batch_id = told.batch_id and visited.row_no = told.row_no
    inner join {{ ref('int_listed_door') }} as door on visited.person_key = door.person_key
)

select
    batch_id,
    row_no,
    dwelling_key
from ranked
where choice = 1
