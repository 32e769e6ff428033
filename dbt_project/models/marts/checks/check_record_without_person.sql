-- One row per accepted record about a person that has no person.
with records as (
    {%- for feed in feeds_where('about_person') %}
    select '{{ feed }}' as feed, batch_id, row_no from {{ ref('stg_' ~ feed) }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select
    records.feed,
    records.batch_id,
    records.row_no
from records
left join {{ source('linkage_build', 'record_link') }} as link
    on
        records.feed = link.feed
        and records.batch_id = link.batch_id
        and records.row_no = link.row_no
-- Each belongs to exactly one (R-PERSON-1).
where link.person_key is null
