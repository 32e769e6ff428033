-- One row per person who was visited: the door at which the lists in force have them, the first of R-HOME-1.
{{ config(indexes=[{'columns': ['person_key'], 'unique': true}]) }}

with ranked as (
    select
        person_key,
        dwelling_key,
        row_number() over (
            partition by person_key order by source_rank asc, since desc nulls last, dwelling_key asc
        ) as choice
    from {{ ref('int_listed_door') }}
    where person_key in (select visited.person_key from {{ ref('int_visit_person') }} as visited)
)

select
    person_key,
    dwelling_key
from ranked
where choice = 1
