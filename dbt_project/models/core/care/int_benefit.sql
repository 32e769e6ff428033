-- One row per person x benefit: the one that runs on D, else the newest.
with linked as (
    select
        link.person_key,
        welfare.benefit,
        welfare.started_on,
        welfare.ended_on,
        welfare.monthly_amount,
        welfare.batch_id,
        welfare.row_no,
        -- Both ends included; a first day that can't be read is no reason to forget someone (R-TAG-4).
        coalesce(welfare.started_on <= {{ as_of() }}, true) and coalesce(welfare.ended_on >= {{ as_of() }}, true)
            as is_current
    from {{ ref('stg_welfare_list') }} as welfare
    inner join {{ source('linkage_build', 'record_link') }} as link
        on
            welfare.batch_id = link.batch_id
            and welfare.row_no = link.row_no
            and link.feed = 'welfare_list'
    where welfare.benefit is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by person_key, benefit
            order by is_current desc, started_on desc nulls last, batch_id desc, row_no desc
        ) as newest
    from linked
)

select
    person_key,
    benefit,
    started_on,
    ended_on,
    monthly_amount,
    is_current
from ranked
where newest = 1
