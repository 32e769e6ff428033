-- One row per feed x business date: how the feed stood on the morning of that date.
with span as (
    -- A rerun of a past day keeps the days after it.
    select greatest({{ as_of() }}, (select max(as_of) from {{ source('ops', 'published') }})) as last_day
),

days as (
    select
        feed.*,
        cast(day.day as date) as business_date,
        {{ as_of_at() }} + (cast(day.day as date) - {{ as_of() }}) * interval '1 day' as moment,
        case feed.cadence
            when 'continuous' then interval '1 hour'
            when 'hourly' then interval '1 hour'
            when 'daily' then interval '1 day'
            when 'weekly' then interval '7 days'
            when 'monthly' then interval '1 month'
        end as period
    from {{ source('ops', 'feed') }} as feed
    cross join span
    cross join lateral generate_series(
        least(
            {{ as_of() }},
            (select min(batch.business_date) from {{ source('ops', 'batch') }} as batch where batch.feed = feed.feed)
        ),
        span.last_day,
        interval '1 day'
    ) as day (day)
),

newest as (
    select
        days.*,
        judged.status as batch_status,
        coalesce(judged.contract_version, days.contract_version) as batch_contract_version,
        judged.business_date as judged_on,
        rules.is_over_quarantine_limit(judged.rows_received, judged.rows_quarantined) as is_over_limit,
        accepted.business_date as accepted_on,
        accepted.received_at,
        by_source.failed_sources
    from days
    left join lateral (
        select * from {{ source('ops', 'batch') }} as batch
        where batch.feed = days.feed and batch.business_date <= days.business_date and batch.status <> 'landed'
        order by batch.business_date desc, batch.batch_id desc
        limit 1
    ) as judged on true
    left join lateral (
        select
            max(batch.business_date) as business_date,
            max(batch.received_at) as received_at
        from {{ source('ops', 'batch') }} as batch
        where batch.feed = days.feed and batch.business_date <= days.business_date and batch.status = 'accepted'
    ) as accepted on true
    -- Where each company sends a list of its own, every company's newest one (R-BATCH-6).
    left join lateral (
        select string_agg(of_source.source, chr(31) order by of_source.source) as failed_sources
        from (
            select
                batch.source,
                batch.status,
                row_number() over (
                    partition by batch.source order by batch.business_date desc, batch.batch_id desc
                ) as age
            from {{ source('ops', 'batch') }} as batch
            where batch.feed = days.feed and batch.business_date <= days.business_date and batch.status <> 'landed'
        ) as of_source
        where of_source.age = 1 and of_source.source <> '' and of_source.status in ('rejected', 'failed')
    ) as by_source on true
),

due as (
    select
        *,
        -- An hourly feed is due an hour after its last pull, the others at their hour of the next day, week or month.
        case
            when cadence in ('continuous', 'hourly') then received_at
            else (accepted_on + due_at) at time zone 'Asia/Shanghai'
        end as last_due,
        late_after_hours * interval '1 hour' as grace,
        coalesce(batch_status = 'repeated', false) and cadence = 'daily' as is_stale_copy
    from newest
)

select
    feed,
    title_zh,
    department,
    business_date,
    -- When the next delivery was expected; a feed never received is expected every day.
    coalesce(last_due + period, (business_date + due_at) at time zone 'Asia/Shanghai') as due_at,
    moment,
    received_at,
    batch_contract_version as contract_version,
    is_stale_copy,
    failed_sources,
    case
        when batch_status in ('rejected', 'failed') or failed_sources is not null then 'failed'
        -- What is never rejected for its rate shows it (R-BATCH-3).
        when load_mode <> 'snapshot' and batch_status = 'accepted' and is_over_limit then 'failed'
        when accepted_on is null then 'missing'
        when last_due + 2 * period + grace < moment then 'missing'
        when is_stale_copy or last_due + period + grace < moment then 'late'
        else 'fresh'
    end as status
from due
