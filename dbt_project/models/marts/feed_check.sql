-- One row per feed, delivery and rule that rows break, of each feed's newest deliveries up to D.
with newest as (
    select
        batch_id,
        feed,
        business_date,
        status,
        business_date = max(business_date) over (partition by feed) as is_newest
    from {{ source('ops', 'batch') }}
    where business_date <= {{ as_of() }} and status in ('accepted', 'rejected', 'failed')
)

select
    newest.feed,
    feed.title_zh,
    newest.batch_id,
    newest.business_date,
    newest.status as batch_status,
    {{ code_label('batch_status', 'newest.status') }} as batch_status_zh,
    result.rule,
    -- A result of earlier code has no words beside it.
    coalesce(result.rule_zh, result.rule) as rule_zh,
    result.severity,
    {{ code_label('check_severity', 'result.severity') }} as severity_zh,
    result.failed_rows,
    {{ as_of() }} as as_of
from newest
inner join {{ source('ops', 'feed') }} as feed on newest.feed = feed.feed
inner join {{ source('ops', 'check_result') }} as result on newest.batch_id = result.batch_id
where newest.is_newest and result.failed_rows > 0
