-- One row per holder of a disability certificate that is valid on D: the highest reissue, and no other, counts.
with ranked as (
    select
        link.person_key,
        listed.disability_type,
        listed.disability_level,
        listed.issued_on,
        listed.valid_until,
        min(listed.issued_on) over (partition by link.person_key) as first_issued_on,
        row_number() over (
            partition by link.person_key
            order by
                coalesce(listed.reissue, 0) desc, listed.issued_on desc nulls last, listed.batch_id desc, listed.row_no desc
        ) as highest
    from {{ ref('stg_disability_list') }} as listed
    inner join {{ source('linkage_build', 'record_link') }} as link
        on
            listed.batch_id = link.batch_id
            and listed.row_no = link.row_no
            and link.feed = 'disability_list'
)

select
    person_key,
    disability_type,
    disability_level,
    issued_on,
    first_issued_on,
    valid_until
from ranked
-- Without a last day it is valid (R-TAG-4).
where highest = 1 and coalesce(valid_until >= {{ as_of() }}, true)
