-- One row a received arrival that could not be used and that no later record makes good.
with listed as (
    {%- for feed in feeds_where('about_arrival') %}
    -- Nobody disappears with a row that can't be used (R-ROW-3), nor in a rejected batch (R-BATCH-3).
    select
        '{{ feed }}' as feed,
        broken.batch_id,
        broken.row_no,
        broken.rules[1] as reason,
        batch.business_date
    from {{ source('quarantine', feed) }} as broken
    inner join {{ source('ops', 'batch') }} as batch on broken.batch_id = batch.batch_id
    where batch.status = 'accepted' and batch.business_date <= {{ as_of() }}
    union all
    select
        '{{ feed }}' as feed,
        received._batch_id as batch_id,
        received._row_no as row_no,
        'batch_rejected' as reason,
        batch.business_date
    from {{ source('raw', feed) }} as received
    inner join {{ source('ops', 'batch') }} as batch on received._batch_id = batch.batch_id
    where batch.status in ('rejected', 'failed') and batch.business_date <= {{ as_of() }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select
    listed.feed,
    listed.batch_id,
    listed.row_no,
    -- Where it would have gone, as far as its text says (R-LIST-3).
    place.committee_code,
    place.compound_key,
    -- Without a usable record it ages, and is still counted.
    case when listed.business_date + 14 <= {{ as_of() }} then 'expired' else listed.reason end as reason
from listed
left join {{ source('linkage_build', 'arrival_place') }} as place
    on
        listed.feed = place.feed
        and listed.batch_id = place.batch_id
        and listed.row_no = place.row_no
where not exists (
    select 1 from {{ ref('int_made_good') }} as good
    where good.feed = listed.feed and good.batch_id = listed.batch_id and good.row_no = listed.row_no
)
