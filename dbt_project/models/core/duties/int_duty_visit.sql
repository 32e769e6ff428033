-- One row per duty x visit of a kind that closes it, made to its person or, where nobody is told, at its door (R-DUTY-2).
{{ config(indexes=[{'columns': ['duty_key', 'visited_at']}]) }}

with of_kind as (
    select
        duty.duty_key, duty.opened_at,
        visit.visit_key, visit.visited_at, visit.visited_on, visit.outcome
    from {{ ref('int_asked_duty') }} as duty
    inner join {{ ref('int_visit') }} as visit
        on duty.person_key = visit.person_key and visit.kind = any(duty.closes_on)
    union all
    select
        duty.duty_key, duty.opened_at,
        visit.visit_key, visit.visited_at, visit.visited_on, visit.outcome
    from {{ ref('int_asked_duty') }} as duty
    inner join {{ ref('int_visit') }} as visit
        on
            duty.dwelling_key = visit.dwelling_key
            and (visit.person_key is null or duty.person_key is null)
            and visit.kind = any(duty.closes_on)
)

select
    duty_key,
    visit_key,
    visited_at,
    visited_on,
    outcome
from of_kind
-- Who moved was not visited; a fever is measured after it was found.
where outcome <> 'moved' and (opened_at is null or visited_at > opened_at)
