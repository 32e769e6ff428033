-- One row a date x committee x kind of count, each in its own column; the committee is 000000000000 where none is known.
with facts as (
    select
        arrived_on as business_date,
        committee_code,
        count(*) as arrivals,
        count(*) filter (where origin_kind = 'border' and colour = 'orange') as arrivals_abroad,
        null as isolating, null as released, null as residents, null as living_alone_elderly, null as unresolved
    from {{ ref('fct_arrival') }}
    where is_counted
    group by arrived_on, committee_code
    union all
    select
        cast(day.day as date), episode.committee_code,
        null, null, count(distinct episode.person_key), null, null, null, null
    from {{ ref('fct_isolation_episode') }} as episode
    cross join lateral generate_series(
        episode.first_started_on, least(episode.release_on - 1, {{ as_of() }}), interval '1 day'
    ) as day (day)
    group by cast(day.day as date), episode.committee_code
    union all
    select
        release_on, committee_code, null, null, null, count(distinct person_key), null, null, null
    from {{ ref('fct_isolation_episode') }}
    where status = 'completed'
    group by release_on, committee_code
    union all
    select {{ as_of() }}, committee_code, null, null, null, null, count(*), null, null
    from {{ ref('fct_residence') }}
    group by committee_code
    union all
    select {{ as_of() }}, committee_code, null, null, null, null, null, count(*), null
    from {{ ref('int_person_tag') }}
    where tag = 'living_alone_elderly'
    group by committee_code
    union all
    select {{ as_of() }}, committee_code, null, null, null, null, null, null, count(*)
    from {{ ref('unresolved') }}
    group by committee_code
)

select
    facts.business_date,
    coalesce(committee.committee_code, '{{ var("unplaced_code") }}') as committee_code,
    facts.arrivals,
    facts.arrivals_abroad,
    facts.isolating,
    facts.released,
    facts.residents,
    facts.living_alone_elderly,
    facts.unresolved
from facts
left join {{ ref('dim_committee') }} as committee on facts.committee_code = committee.committee_code
