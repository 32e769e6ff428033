-- One row per date x compound x committee: the level, and counts alone.
{%- set counts = {
    'isolating': 'isolation', 'isolating_orange': 'isolation', 'isolating_yellow': 'isolation',
    'isolating_blue': 'isolation', 'arrivals': 'arrivals', 'released': 'releases',
} %}
with isolation as (
    select
        business_date, compound_key, committee_code,
        count(distinct person_key) as isolating,
        count(distinct person_key) filter (where colour = 'orange') as isolating_orange,
        count(distinct person_key) filter (where colour = 'yellow') as isolating_yellow,
        count(distinct person_key) filter (where colour = 'blue') as isolating_blue
    from {{ ref('int_episode_day') }}
    group by business_date, compound_key, committee_code
),

arrivals as (
    select arrived_on as business_date, compound_key, committee_code, count(*) as arrivals
    from {{ ref('fct_arrival') }}
    where is_counted
    group by arrived_on, compound_key, committee_code
),

releases as (
    select release_on as business_date, compound_key, committee_code, count(distinct person_key) as released
    from {{ ref('fct_isolation_episode') }}
    where status = 'completed'
    group by release_on, compound_key, committee_code
),

computed as (
    select
        day.business_date,
        compound.compound_key,
        compound.compound_name,
        compound.committee_code,
        compound.committee_name,
        {%- for count, told_by in counts.items() %}
        cast(coalesce({{ told_by }}.{{ count }}, 0) as integer) as {{ count }},
        {%- endfor %}
        {{ level_of('coalesce(isolation.isolating, 0)', isolation().levels) }} as level,
        {{ as_of() }} as as_of
    from {{ ref('int_history_date') }} as day
    cross join {{ ref('dim_compound') }} as compound
    {%- for told_by in ['isolation', 'arrivals', 'releases'] %}
    left join {{ told_by }}
        on
            day.business_date = {{ told_by }}.business_date
            and compound.compound_key = {{ told_by }}.compound_key
            and compound.committee_code = {{ told_by }}.committee_code
    {%- endfor %}
),

-- A run tells D and the day before anew; any other day stays what it was said to be (R-DAY-2, R-DAY-7).
kept as (
    select *
    from (
        {{ published('compound_daily', {
            'business_date': 'date', 'compound_key': 'text', 'compound_name': 'text',
            'committee_code': 'text', 'committee_name': 'text',
            'isolating': 'integer', 'isolating_orange': 'integer', 'isolating_yellow': 'integer',
            'isolating_blue': 'integer', 'arrivals': 'integer', 'released': 'integer',
            'level': 'text', 'as_of': 'date',
        }) | indent(8) }}
    ) as published
    where business_date not in ({{ as_of() }}, {{ as_of() }} - 1)
),

told as (
    select * from kept
    union all
    select * from computed
    where business_date not in (select kept.business_date from kept)
)

select
    business_date,
    compound_key,
    compound_name,
    committee_code,
    committee_name,
    isolating,
    isolating_orange,
    isolating_yellow,
    isolating_blue,
    arrivals,
    released,
    level,
    {{ looked_up('levels', 'level', 'level') }} as level_zh,
    as_of
from told
