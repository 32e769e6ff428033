-- One row per visit of which it can be told whom it was made to (R-VISIT-2).
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with meant as (
    select
        mention.batch_id,
        mention.row_no,
        mention.person_key,
        mention.how,
        case mention.how when 'key' then 1 when 'document' then 2 when 'phone' then 3 else 4 end as how_rank
    from {{ source('linkage_build', 'mention') }} as mention
    inner join {{ ref('dim_person') }} as person on mention.person_key = person.person_key
    inner join {{ source('linkage_build', 'record_link') }} as link
        on mention.feed = link.feed and mention.batch_id = link.batch_id and mention.row_no = link.row_no
    where
        mention.feed = 'visit_log'
        -- A name tells among those who live at the door.
        and (
            mention.how <> 'name'
            or exists (
                select 1 from {{ ref('int_listed_door') }} as door
                where door.person_key = mention.person_key and door.dwelling_key = link.dwelling_key
            )
        )
),

told as (
    select
        *,
        count(*) over (partition by batch_id, row_no, how_rank) as persons
    from meant
),

-- The first that means one person alone.
ranked as (
    select
        *,
        row_number() over (partition by batch_id, row_no order by how_rank) as choice
    from told
    where persons = 1
)

select
    batch_id,
    row_no,
    person_key,
    how
from ranked
where choice = 1
