-- One row per living person x source of evidence where they live, the best one of each source.
{{ config(indexes=[{'columns': ['person_key']}]) }}

with at_door as (
    select
        person_key, dwelling_key, building_key, compound_key, committee_code,
        max(visited_at) filter (where outcome = 'made') as met_at,
        max(visited_at) filter (where outcome = 'moved') as moved_at
    from {{ ref('int_visit') }}
    where person_key is not null and dwelling_key is not null and outcome <> 'attempt'
    group by person_key, dwelling_key, building_key, compound_key, committee_code
),

met as (
    select *, row_number() over (partition by person_key order by met_at desc, dwelling_key asc) as newest
    from at_door
    where met_at > coalesce(moved_at, '-infinity')
),

-- Whoever was met at a door lives there (R-HOME-1).
told as (
    select
        1 as source_rank, 'visit_log' as source,
        person_key, dwelling_key, building_key, compound_key, committee_code, 'dwelling' as place_level,
        met_at as told_at
    from met
    where newest = 1
    union all
    select
        source_rank, source,
        person_key, dwelling_key, building_key, compound_key, committee_code, place_level,
        told_at
    from {{ ref('int_residence_claim') }}
)

select
    told.source_rank,
    told.source,
    told.person_key,
    told.dwelling_key,
    told.building_key,
    told.compound_key,
    told.committee_code,
    told.place_level,
    {{ place_rank('told.place_level') }} as level_rank
from told
left join {{ ref('int_registry_person') }} as registry on told.person_key = registry.person_key
where
    told.place_level <> 'outside'
    -- Deceased holds everywhere; living elsewhere holds against every later source (R-HOME-3).
    and registry.died_on is null
    and (coalesce(registry.residence_type, 0) <> 2 or told.source_rank < 3)
    -- Who was said to have moved from a door lives there by a later record alone (R-VISIT-4), and in what holds it where
    -- no other door is named.
    and not exists (
        select 1 from at_door as moved
        where
            told.person_key = moved.person_key
            and (
                told.dwelling_key = moved.dwelling_key
                or (told.dwelling_key is null and told.building_key = moved.building_key)
                or (told.dwelling_key is null and told.building_key is null and told.compound_key = moved.compound_key)
            )
            and moved.moved_at >= coalesce(told.told_at, '-infinity')
    )
