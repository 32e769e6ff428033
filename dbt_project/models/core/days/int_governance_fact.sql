-- One row per date x committee x measure; the committee is 000000000000 where none is known.
with facts as (
    -- Arrivals whatever their disposition (R-ISO-14).
    select arrived_on as business_date, committee_code, 'arrivals' as measure, count(*) as counted
    from {{ ref('fct_arrival') }}
    where is_counted
    group by arrived_on, committee_code
    union all
    select arrived_on as business_date, committee_code, 'arrivals_abroad' as measure, count(*) as counted
    from {{ ref('fct_arrival') }}
    where is_counted and origin_kind = 'border' and colour = 'orange'
    group by arrived_on, committee_code
    union all
    -- A person's episodes follow each other (int_isolation_step): on each day an episode is a person, and who isolates
    -- today is who did the day before, with who has come and without who has left (R-ISO-16). One that ended on its
    -- first day was never there overnight.
    select business_date, committee_code, 'isolating' as measure, count(*) as counted
    from {{ ref('int_episode_day') }}
    group by business_date, committee_code
    union all
    select first_started_on as business_date, committee_code, 'newly_isolating' as measure, count(*) as counted
    from {{ ref('fct_isolation_episode') }}
    where first_started_on < release_on
    group by first_started_on, committee_code
    union all
    select release_on as business_date, committee_code, 'released' as measure, count(*) as counted
    from {{ ref('fct_isolation_episode') }}
    where status = 'completed'
    group by release_on, committee_code
    union all
    select release_on as business_date, committee_code, 'transferred' as measure, count(*) as counted
    from {{ ref('fct_isolation_episode') }}
    -- Closed early, by whatever it was (R-ISO-3).
    where status in ('transferred', 'released_early') and first_started_on < release_on
    group by release_on, committee_code
    union all
    select {{ as_of() }} as business_date, committee_code, 'residents' as measure, count(*) as counted
    from {{ ref('fct_residence') }}
    group by committee_code
    union all
    select {{ as_of() }} as business_date, committee_code, 'living_alone_elderly' as measure, count(*) as counted
    from {{ ref('int_person_tag') }}
    where tag = 'living_alone_elderly'
    group by committee_code
    union all
    select due_on as business_date, committee_code, 'duties_due' as measure, count(*) as counted
    from {{ ref('int_duty_due') }}
    where due_on in ({{ as_of() }}, {{ as_of() }} - 1)
    group by due_on, committee_code
    union all
    -- What waits for a person to decide; of it what is about an arrival, and what has waited for a week.
    select {{ as_of() }} as business_date, review.committee_code, counts.measure, count(*) as counted
    from {{ ref('int_review') }} as review
    cross join
        lateral (
            values
            ('review_waiting', true),
            ('review_arrivals', review.is_arrival),
            ('review_week', review.first_seen_on <= {{ as_of() }} - 7)
        ) as counts (measure, is_one)
    where counts.is_one
    group by review.committee_code, counts.measure
    union all
    select done_on as business_date, committee_code, 'duties_done' as measure, count(*) as counted
    from {{ ref('int_duty_due') }}
    where done_on in ({{ as_of() }}, {{ as_of() }} - 1)
    group by done_on, committee_code
    union all
    -- Of what fell due that day what still stands open (R-DUTY-6).
    select due_on as business_date, committee_code, 'duties_overdue' as measure, count(*) as counted
    from {{ ref('int_duty_due') }}
    where due_on in ({{ as_of() }}, {{ as_of() }} - 1) and done_at is null and due_at < {{ as_of_at() }}
    group by due_on, committee_code
    union all
    -- Who isolated that day and whose temperature was taken (R-ISO-14).
    select day.business_date, day.committee_code, 'measured' as measure, count(*) as counted
    from {{ ref('int_episode_day') }} as day
    where
        day.business_date in ({{ as_of() }}, {{ as_of() }} - 1)
        and exists (
            select 1 from {{ ref('int_visit') }} as visit
            where
                visit.person_key = day.person_key
                and visit.visited_on = day.business_date
                and visit.temperature_c is not null
        )
    group by day.business_date, day.committee_code
)

select
    facts.business_date,
    coalesce(committee.committee_code, '{{ var("unplaced_code") }}') as committee_code,
    facts.measure,
    sum(facts.counted) as counted
from facts
left join {{ ref('committees') }} as committee on facts.committee_code = committee.committee_code
group by facts.business_date, coalesce(committee.committee_code, '{{ var("unplaced_code") }}'), facts.measure
