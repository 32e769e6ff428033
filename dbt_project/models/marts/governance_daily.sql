-- One row per date x committee, one for the unplaced and one for the street: committees + unplaced = street.
{%- set flows = ['arrivals', 'arrivals_abroad', 'isolating', 'newly_isolating', 'released', 'transferred', 'duties_due'] %}
{%- set of_visits = ['duties_done', 'duties_overdue', 'measured'] %}
{%- set stocks = ['residents', 'living_alone_elderly', 'unresolved', 'review_waiting', 'review_arrivals', 'review_week'] %}
{%- set are_arrivals_told = is_any_connected(feeds_where('about_arrival')) %}
{%- set told_anew -%}
published.business_date is null or published.business_date in ({{ as_of() }}, {{ as_of() }} - 1)
{%- endset %}
-- The days' facts, and whoever is in doubt once the checks have had their say.
with facts as (
    select business_date, committee_code, measure, counted from {{ ref('int_governance_fact') }}
    union all
    select
        {{ as_of() }} as business_date,
        coalesce(committee.committee_code, '{{ var("unplaced_code") }}') as committee_code,
        'unresolved' as measure,
        count(*) as counted
    from {{ ref('unresolved') }} as doubt
    left join {{ ref('committees') }} as committee on doubt.committee_code = committee.committee_code
    group by coalesce(committee.committee_code, '{{ var("unplaced_code") }}')
),

totals as (
    select
        {%- for measure in flows + of_visits + stocks %}
        sum(fact.counted) filter (where fact.measure = '{{ measure }}') as {{ measure }},
        {%- endfor %}
        fact.business_date,
        coalesce(place.committee_code, '{{ var("street_code") }}') as committee_code
    from facts as fact
    left join {{ ref('dim_committee') }} as place on fact.committee_code = place.committee_code
    group by grouping sets ((fact.business_date, place.committee_code), (fact.business_date))
),

computed as (
    select
        dates.business_date,
        places.committee_code,
        -- Of arrivals nothing is known before a feed that registers them is connected (R-DAY-5).
        {%- for flow in flows if flow != 'duties_due' %}
        case when {{ are_arrivals_told }} then coalesce(totals.{{ flow }}, 0) end as {{ flow }},
        {%- endfor %}
        -- Stocks describe D; of an earlier day only what was published then is known (R-DAY-2).
        {%- for stock in stocks %}
        case when dates.business_date = {{ as_of() }} then coalesce(totals.{{ stock }}, 0) end as {{ stock }},
        {%- endfor %}
        -- Both are known of D and of the day that closed; what visits tell, while they are connected (R-DAY-5).
        {%- for measure in of_visits %}
        case
            when dates.business_date >= {{ as_of() }} - 1 and {{ is_any_connected(['visit_log']) }}
                then coalesce(totals.{{ measure }}, 0)
        end as {{ measure }},
        {%- endfor %}
        case when dates.business_date >= {{ as_of() }} - 1 then coalesce(totals.duties_due, 0) end as duties_due
    from {{ ref('int_history_date') }} as dates
    cross join {{ ref('dim_committee') }} as places
    left join totals
        on dates.business_date = totals.business_date and places.committee_code = totals.committee_code
),

published as (
    {%- set figures = dict.fromkeys(flows + stocks + of_visits[:2] + ['isolating_corrected'], 'integer') %}
    {{ published('governance_daily', dict(figures, coverage_pct='numeric', business_date='date', committee_code='text', as_of='date')) }}
)

select
    coalesce(computed.business_date, published.business_date) as business_date,
    coalesce(computed.committee_code, published.committee_code) as committee_code,
    place.committee_name,
    place.row_kind,
    place.row_kind_zh,
    {%- for flow in flows %}
    cast(case when {{ told_anew }} then computed.{{ flow }} else published.{{ flow }} end as integer) as {{ flow }},
    {%- endfor %}
    cast(
        -- What is known by now of who isolated the day before, less what this table says of it (R-ISO-16).
        case
            when not {{ are_arrivals_told }} then null
            when {{ told_anew }} then coalesce(sum(computed.isolating) over the_day_before, 0)
            else published.isolating_corrected + coalesce(sum(published.isolating) over the_day_before, 0)
        end
        - coalesce(
            sum(case when {{ told_anew }} then computed.isolating else published.isolating end) over the_day_before, 0
        ) as integer
    ) as isolating_corrected,
    cast(null as integer) as breaches,  -- Only devices tell these, and no such feed is connected (R-DAY-5).
    {%- for measure in of_visits[:2] %}
    cast(case when {{ told_anew }} then computed.{{ measure }} else published.{{ measure }} end as integer) as {{ measure }},
    {%- endfor %}
    cast(
        case
            when {{ told_anew }} then 100.0 * computed.measured / nullif(computed.isolating, 0) else published.coverage_pct
        end as numeric(5, 2)
    ) as coverage_pct,
    {%- for stock in stocks %}
    cast(case when computed.business_date = {{ as_of() }} then computed.{{ stock }} else published.{{ stock }} end as integer)
        as {{ stock }},
    {%- endfor %}
    -- A rerun corrects its own rows; the others stay what they were said to be (R-DAY-7).
    case when {{ told_anew }} then {{ as_of() }} else published.as_of end as as_of
from computed
full outer join published
    on computed.business_date = published.business_date and computed.committee_code = published.committee_code
left join {{ ref('dim_committee') }} as place
    on coalesce(computed.committee_code, published.committee_code) = place.committee_code
window the_day_before as (
    partition by coalesce(computed.committee_code, published.committee_code)
    order by coalesce(computed.business_date, published.business_date)
    range between interval '1 day' preceding and interval '1 day' preceding
)
