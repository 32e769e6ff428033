-- One row per person: how their leading record was tied to them.
{{ config(indexes=[{'columns': ['person_key']}]) }}

with ranked as (
    select
        person_key,
        person_method,
        person_score,
        -- The leading record speaks (R-PERSON-8).
        row_number() over (
            partition by person_key
            order by
                feed in ('{{ feeds_with_role('person_no') | join("', '") }}') desc, batch_id desc, row_no desc
        ) as lead_order
    from {{ source('linkage_build', 'record_link') }}
    where person_key is not null
)

select
    person_key,
    person_method,
    person_score
from ranked
where lead_order = 1
