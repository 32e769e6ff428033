-- One row per record whose person is missing from dim_person: persons in are persons out.
select
    feed,
    batch_id,
    row_no
from {{ source('linkage_build', 'record_link') }}
where person_key not in (select person_key from {{ ref('dim_person') }})
