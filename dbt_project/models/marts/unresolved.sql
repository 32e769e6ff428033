-- One row a record x kind of doubt: what someone has to resolve.
with listed as (
    select
        feed, batch_id, row_no, 'row' as kind, reason,
        cast(null as text) as committee_code, cast(null as text) as compound_key
    from {{ ref('int_unresolved_row') }}
    union all
    select feed, batch_id, row_no, 'dwelling' as kind, reason, committee_code, compound_key
    from {{ ref('int_unresolved_place') }}
    union all
    select feed, batch_id, row_no, 'person' as kind, reason, committee_code, compound_key
    from {{ ref('int_unresolved_person') }}
)

select
    listed.feed,
    listed.batch_id,
    listed.row_no,
    listed.kind,
    listed.reason,
    listed.committee_code,
    listed.compound_key,
    link.candidates,
    batch.business_date as first_seen_on,
    {{ as_of() }} as as_of
from listed
inner join {{ source('ops', 'batch') }} as batch on listed.batch_id = batch.batch_id
left join {{ source('linkage_build', 'record_link') }} as link
    on
        listed.feed = link.feed
        and listed.batch_id = link.batch_id
        and listed.row_no = link.row_no
