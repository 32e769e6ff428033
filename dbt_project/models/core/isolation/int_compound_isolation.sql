-- One row per compound x committee with someone isolating or completed recently: how many, and the level (R-ISO-12).
with counted as (
    select
        compound_key,
        committee_code,
        count(*) filter (where status = 'isolating') as isolating,
        count(*) filter (where status = 'isolating' and colour = 'orange') as isolating_orange,
        count(*) filter (where status = 'isolating' and colour = 'yellow') as isolating_yellow,
        count(*) filter (where status = 'isolating' and colour = 'blue') as isolating_blue,
        count(*) filter (where status = 'completed') as completed_14d
    from {{ ref('int_shown_isolation') }}
    where compound_key is not null and committee_code is not null
    group by compound_key, committee_code
)

select
    compound_key,
    committee_code,
    isolating,
    isolating_orange,
    isolating_yellow,
    isolating_blue,
    completed_14d,
    {{ level_of('isolating', isolation().levels) }} as level
from counted
