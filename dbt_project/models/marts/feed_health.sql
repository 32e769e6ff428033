-- One row per feed x business date.
with sums as (
    select
        feed,
        business_date,
        max(batch_id) as batch_id,
        sum(rows_received) as rows_received,
        sum(rows_accepted) as rows_accepted,
        sum(rows_quarantined) as rows_quarantined,
        sum(rows_superseded) as rows_superseded
    from {{ source('ops', 'batch') }}
    where status <> 'landed'
    group by feed, business_date
),

failed as (
    select
        batch.feed,
        batch.business_date,
        -- A delivery that could not be read at all has no results (R-BATCH-6).
        array_agg(distinct coalesce(result.rule, 'unreadable') order by coalesce(result.rule, 'unreadable')) as rules
    from {{ source('ops', 'batch') }} as batch
    left join {{ source('ops', 'check_result') }} as result
        on
            batch.batch_id = result.batch_id
            and not result.passed
            and result.severity in ('quarantine', 'batch', 'error')
    where result.rule is not null or batch.status = 'failed'
    group by batch.feed, batch.business_date
)

select
    health.feed,
    health.title_zh,
    health.department,
    health.business_date,
    health.due_at,
    sums.batch_id,
    health.received_at,
    cast(coalesce(sums.rows_received, 0) as integer) as rows_received,
    cast(coalesce(sums.rows_accepted, 0) as integer) as rows_accepted,
    cast(coalesce(sums.rows_quarantined, 0) as integer) as rows_quarantined,
    cast(coalesce(sums.rows_superseded, 0) as integer) as rows_superseded,
    round(100.0 * sums.rows_quarantined / nullif(sums.rows_received, 0), 2) as quarantined_pct,
    -- greatest() overlooks a null: a feed never received has no hours, rather than none.
    case
        when health.received_at is not null
            then round(cast(greatest(extract(epoch from health.moment - health.received_at), 0) / 3600 as numeric), 1)
    end as hours_since_update,
    health.status,
    {{ code_label('feed_status', 'health.status') }} as status_zh,
    coalesce(failed.rules, cast(array[] as text[]))
    || case when health.is_stale_copy then array['stale_copy'] else cast(array[] as text[]) end as failed_checks,
    coalesce(string_to_array(health.failed_sources, chr(31)), cast(array[] as text[])) as failed_sources,
    health.contract_version,
    {{ as_of() }} as as_of
from {{ ref('int_feed_status') }} as health
left join sums on health.feed = sums.feed and health.business_date = sums.business_date
left join failed on health.feed = failed.feed and health.business_date = failed.business_date
