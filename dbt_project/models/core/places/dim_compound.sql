-- One row per compound x committee.
select
    dwelling.compound_key,
    coalesce(dwelling.committee_code, '{{ var("unplaced_code") }}') as committee_code,
    min(dwelling.compound_name) as compound_name,
    min(committee.committee_name) as committee_name,
    cast(avg(dwelling.longitude) as double precision) as longitude,
    cast(avg(dwelling.latitude) as double precision) as latitude,
    cast(count(distinct dwelling.building_key) as integer) as buildings,
    cast(count(*) filter (where dwelling.usage = 1) as integer) as dwellings
from {{ ref('dim_dwelling') }} as dwelling
left join {{ ref('committees') }} as committee on dwelling.committee_code = committee.committee_code
group by dwelling.compound_key, dwelling.committee_code
