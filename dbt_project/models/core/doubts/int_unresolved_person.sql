-- One row per accepted record whose person is not certain.
with arrivals as (
    select
        arrival.feed,
        arrival.batch_id,
        arrival.row_no,
        arrival.committee_code,
        arrival.compound_key,
        arrival.is_overruled,
        -- Of several registrations of a day the doubt stands at the one that holds.
        arrival.person_method = 'provisional'
        or bool_or(arrival.is_overruled and arrival.person_method = 'provisional') over (
            partition by arrival.person_key, arrival.arrived_on
        ) as is_provisional,
        coalesce(step.is_after_central and arrival.isolation_kind = 'home', false) as is_after_central
    from {{ ref('fct_arrival') }} as arrival
    left join {{ ref('int_isolation_step') }} as step
        on arrival.person_key = step.person_key and arrival.arrived_on = step.arrived_on
),

flagged as (
    select
        feed,
        batch_id,
        row_no,
        committee_code,
        compound_key,
        -- A document that names another, or that would tie two valid resident IDs (R-PERSON-3, R-PERSON-5).
        case
            when 'document_of_another' = any(flags) then 'document_of_another'
            when 'document_conflict' = any(flags) then 'document_conflict'
        end as reason
    from {{ source('linkage_build', 'record_link') }}
    where flags && array['document_of_another', 'document_conflict']
),

-- Whom nobody can tell is listed (R-LIST-1).
listed as (
    select feed, batch_id, row_no, committee_code, compound_key, reason, 1 as urgency from flagged
    union all
    select feed, batch_id, row_no, committee_code, compound_key, 'after_central' as reason, 2 as urgency
    from arrivals
    where is_after_central and not is_overruled
    union all
    select feed, batch_id, row_no, committee_code, compound_key, 'provisional' as reason, 3 as urgency
    from arrivals
    where is_provisional and not is_overruled
),

ranked as (
    select
        *,
        row_number() over (partition by feed, batch_id, row_no order by urgency) as place_in_order
    from listed
)

select
    feed,
    batch_id,
    row_no,
    committee_code,
    compound_key,
    reason
from ranked
where place_in_order = 1
