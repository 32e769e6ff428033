-- One row a received arrival that could not be used and that no later record makes good.
with quarantined as (
    select
        'border_entries' as feed,
        broken.batch_id,
        broken.row_no,
        broken.rules[1] as reason,
        batch.business_date,
        rules.clean(broken.entry_id) as entry_id
    from {{ source('quarantine', 'border_entries') }} as broken
    inner join {{ source('ops', 'batch') }} as batch on broken.batch_id = batch.batch_id
    where batch.status = 'accepted' and batch.business_date <= {{ as_of() }}
),

refused as (
    select
        'border_entries' as feed,
        received._batch_id as batch_id,
        received._row_no as row_no,
        'batch_rejected' as reason,
        batch.business_date,
        rules.clean(received.entry_id) as entry_id
    from {{ source('raw', 'border_entries') }} as received
    inner join {{ source('ops', 'batch') }} as batch on received._batch_id = batch.batch_id
    where batch.status in ('rejected', 'failed') and batch.business_date <= {{ as_of() }}
),

listed as (
    select * from quarantined
    union all
    select * from refused
)

select
    listed.feed,
    listed.batch_id,
    listed.row_no,
    -- Without a usable record it ages, and is still counted.
    case when listed.business_date + 14 <= {{ as_of() }} then 'expired' else listed.reason end as reason,
    listed.business_date as first_seen_on
from listed
where not exists (
    select 1 from {{ ref('stg_border_entries') }} as entry
    where entry.entry_id = listed.entry_id
)
