-- One row per duty as the visits have left it: when it was due, and when a visit closed it (R-DUTY-2).
{{ config(indexes=[{'columns': ['person_key']}, {'columns': ['dwelling_key']}]) }}

with recursive turn as (
    select
        asked.duty_key as asked_key,
        asked.due_on,
        asked.due_at,
        closing.visited_at as done_at,
        closing.visited_on as done_on
    from {{ ref('int_asked_duty') }} as asked
    left join lateral (
        select visit.visited_at, visit.visited_on
        from {{ ref('int_duty_visit') }} as visit
        where
            visit.duty_key = asked.duty_key
            and visit.outcome = 'made'
            -- Due already, or coming within half its cadence.
            and visit.visited_on >= asked.due_on - coalesce(asked.every_days, 0) / 2
        order by visit.visited_at
        limit 1
    ) as closing on true
    union all
    -- Where a visit is waited for again and again, the next one is due a cadence after the last that closed it (R-DUTY-3).
    select
        before.asked_key,
        before.done_on + asked.every_days as due_on,
        before.due_at + (before.done_on + asked.every_days - before.due_on) * interval '1 day' as due_at,
        closing.visited_at as done_at,
        closing.visited_on as done_on
    from turn as before
    inner join {{ ref('int_asked_duty') }} as asked
        on before.asked_key = asked.duty_key and asked.rule = 'until_visited'
    left join lateral (
        select visit.visited_at, visit.visited_on
        from {{ ref('int_duty_visit') }} as visit
        where
            visit.duty_key = asked.duty_key
            and visit.outcome = 'made'
            and visit.visited_at > before.done_at
            and visit.visited_on >= before.done_on + asked.every_days - asked.every_days / 2
        order by visit.visited_at
        limit 1
    ) as closing on true
    where before.done_at is not null
),

-- What stands open, and what fell due or was done on D or the day that closed.
shown as (
    select *
    from turn
    where done_at is null or due_on >= {{ as_of() }} - 1 or done_on >= {{ as_of() }} - 1
)

select
    case
        when asked.rule = 'until_visited' then md5(concat_ws('|', asked.duty, asked.person_key, shown.due_on))
        else asked.duty_key
    end as duty_key,
    asked.scenario,
    asked.scenario_zh,
    asked.duty,
    asked.duty_zh,
    asked.reason,
    asked.rule,
    asked.person_key,
    asked.full_name,
    asked.phone,
    asked.dwelling_key,
    asked.building_key,
    asked.compound_key,
    asked.committee_code,
    shown.due_on,
    shown.due_at,
    asked.priority,
    asked.closes_on,
    shown.done_at,
    shown.done_on,
    cast((
        select count(*)
        from {{ ref('int_duty_visit') }} as visit
        where
            visit.duty_key = asked.duty_key
            and visit.outcome = 'attempt'
            and visit.visited_on >= shown.due_on - coalesce(asked.every_days, 0) / 2
            and (shown.done_at is null or visit.visited_at < shown.done_at)
    ) as integer) as attempts
from shown
inner join {{ ref('int_asked_duty') }} as asked on shown.asked_key = asked.duty_key
