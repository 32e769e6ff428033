-- One row per compound x committee.
with residents as (
    -- All who reach the compound or finer (R-HOME-5).
    select compound_key, committee_code, count(*) as residents
    from {{ ref('fct_residence') }}
    group by compound_key, committee_code
),

occupancy as (
    select
        dwelling.compound_key,
        dwelling.committee_code,
        count(*) filter (where occupancy.occupancy = 'owner_occupied') as owner_occupied,
        count(*) filter (where occupancy.occupancy = 'rented') as rented,
        count(*) filter (where occupancy.occupancy = 'vacant') as vacant,
        count(*) filter (where occupancy.occupancy = 'unknown') as unknown_occupancy
    from {{ ref('dim_dwelling') }} as dwelling
    inner join {{ ref('fct_occupancy') }} as occupancy on dwelling.dwelling_key = occupancy.dwelling_key
    group by dwelling.compound_key, dwelling.committee_code
),

arrivals as (
    select compound_key, committee_code, count(*) as arrivals_14d
    from {{ ref('fct_arrival') }}
    where is_counted and arrived_on > {{ as_of() }} - {{ var('recent_days') }}
    group by compound_key, committee_code
),

tags as (
    select
        compound_key,
        committee_code,
        {{ count_tags() }}
    from {{ ref('int_person_tag') }}
    group by compound_key, committee_code
)

select
    compound.compound_key,
    compound.compound_name,
    compound.committee_code,
    compound.committee_name,
    compound.longitude,
    compound.latitude,
    compound.buildings,
    compound.dwellings,
    cast(coalesce(residents.residents, 0) as integer) as residents,
    cast(coalesce(occupancy.owner_occupied, 0) as integer) as owner_occupied,
    cast(coalesce(occupancy.rented, 0) as integer) as rented,
    cast(coalesce(occupancy.vacant, 0) as integer) as vacant,
    cast(coalesce(occupancy.unknown_occupancy, 0) as integer) as unknown_occupancy,
    cast(coalesce(arrivals.arrivals_14d, 0) as integer) as arrivals_14d,
    cast(coalesce(isolation.isolating, 0) as integer) as isolating,
    cast(coalesce(isolation.isolating_orange, 0) as integer) as isolating_orange,
    cast(coalesce(isolation.isolating_yellow, 0) as integer) as isolating_yellow,
    cast(coalesce(isolation.isolating_blue, 0) as integer) as isolating_blue,
    cast(coalesce(isolation.completed_14d, 0) as integer) as completed_14d,
    cast(null as integer) as breaches_24h,
    {{ tag_count('elderly', 'tags') }},
    {{ tag_count('living_alone_elderly', 'tags') }},
    {{ tag_count('infants', 'tags') }},
    {{ tag_count('disabled', 'tags') }},
    {{ tag_count('low_income', 'tags') }},
    {{ tag_count('party_members', 'tags') }},
    {{ tag_count('volunteers', 'tags') }},
    coalesce(isolation.level, 'none') as level,
    {{ looked_up('levels', 'level', "coalesce(isolation.level, 'none')") }} as level_zh,
    {{ as_of() }} as as_of
-- Who stands in no row, as someone known to a compound of two committees alone, is unplaced (R-PLACE-12).
from {{ ref('dim_compound') }} as compound
left join residents
    on compound.compound_key = residents.compound_key and compound.committee_code = residents.committee_code
left join occupancy
    on compound.compound_key = occupancy.compound_key and compound.committee_code = occupancy.committee_code
left join arrivals
    on compound.compound_key = arrivals.compound_key and compound.committee_code = arrivals.committee_code
left join {{ ref('int_compound_isolation') }} as isolation
    on compound.compound_key = isolation.compound_key and compound.committee_code = isolation.committee_code
left join tags
    on compound.compound_key = tags.compound_key and compound.committee_code = tags.committee_code
