-- Every record in force about a person has a person.
-- Links are written after staging: the test belongs to the core models. depends_on: {{ ref('dim_person') }}
select count(*) as unlinked
from (
    select 'household_registry' as feed, batch_id, row_no from {{ ref('stg_household_registry') }}
    union all
    select 'border_entries' as feed, batch_id, row_no from {{ ref('stg_border_entries') }}
) as record
left join {{ source('linkage_build', 'record_link') }} as link
    on record.feed = link.feed and record.batch_id = link.batch_id and record.row_no = link.row_no
where link.person_key is null
having count(*) > 0
