-- One row per person x list that says where they live, the best record of each: what was told, and when.
{{ config(indexes=[{'columns': ['person_key']}]) }}

with isolating as (
    select
        person_key, dwelling_key, building_key, compound_key, committee_code, place_level, started_on,
        row_number() over (partition by person_key order by started_on desc) as newest
    from {{ ref('fct_isolation_episode') }}
    where status = 'isolating'
),

-- The destination of a 无需 counts from the day of arrival, for a limited time; of home isolation, from its release
-- (R-HOME-1, R-HOME-4).
arrived as (
    select
        person_key, dwelling_key, building_key, compound_key, committee_code, place_level, release_on as since,
        first_started_on as told_on
    from {{ ref('fct_isolation_episode') }}
    where status in ('completed', 'released_early')
    union all
    select
        person_key, dwelling_key, building_key, compound_key, committee_code, place_level, arrived_on as since,
        arrived_on as told_on
    from {{ ref('fct_arrival') }}
    where disposition = 'none' and arrived_on > {{ as_of() }} - {{ var('residence_evidence_days') }}
),

newest_arrived as (
    select *, row_number() over (partition by person_key order by since desc) as newest
    from arrived
),

-- An occupant named by a property company counts from the day of the entry, for a limited time (R-HOME-1).
occupying as (
    select
        link.person_key,
        link.dwelling_key,
        link.building_key,
        link.compound_key,
        link.committee_code,
        link.place_level,
        coalesce(told.registered_on, told.business_date) as told_on,
        row_number() over (
            partition by link.person_key
            order by coalesce(told.registered_on, told.business_date) desc, told.batch_id desc, told.row_no desc
        ) as newest
    from {{ ref('stg_property_occupancy') }} as told
    inner join {{ source('linkage_build', 'record_link') }} as link
        on
            told.batch_id = link.batch_id
            and told.row_no = link.row_no
            and link.feed = 'property_occupancy'
    where link.person_key is not null and coalesce(told.registered_on, told.business_date) > {{ as_of() }} - {{ var('residence_evidence_days') }}
)

-- The sources in order (R-HOME-1).
select
    2 as source_rank, 'isolation' as source,
    person_key, dwelling_key, building_key, compound_key, committee_code, place_level,
    started_on at time zone 'Asia/Shanghai' as told_at
from isolating
where newest = 1
union all
select
    3 as source_rank, 'household_registry' as source,
    person_key, dwelling_key, building_key, compound_key, committee_code, place_level, updated_at as told_at
from {{ ref('int_registry_person') }}
where is_living_here
union all
select
    4 as source_rank, 'property_occupancy' as source,
    person_key, dwelling_key, building_key, compound_key, committee_code, place_level,
    told_on at time zone 'Asia/Shanghai' as told_at
from occupying
where newest = 1
union all
select
    5 as source_rank, 'arrival' as source,
    person_key, dwelling_key, building_key, compound_key, committee_code, place_level,
    told_on at time zone 'Asia/Shanghai' as told_at
from newest_arrived
where newest = 1
union all
-- The registered address counts for 人户一致 alone.
select
    6 as source_rank, 'registered_address' as source,
    registry.person_key,
    registry.registered_dwelling_key as dwelling_key,
    dwelling.building_key,
    registry.registered_compound_key as compound_key,
    dwelling.committee_code,
    registry.registered_place_level as place_level,
    registry.updated_at as told_at
from {{ ref('int_registry_person') }} as registry
left join {{ ref('dim_dwelling') }} as dwelling on registry.registered_dwelling_key = dwelling.dwelling_key
where registry.is_living_here and registry.residence_type = 1 and registry.registered_place_level <> 'unparsed'
