-- One row per resident of the street: where they live at D, and who says so.
{{ config(indexes=[{'columns': ['dwelling_key']}]) }}

with chosen as (
    select
        *,
        -- The first source that reaches the compound; without one the finest (R-HOME-2).
        row_number() over (
            partition by person_key
            order by
                level_rank >= {{ place_ranks().compound }} desc,
                case when level_rank >= {{ place_ranks().compound }} then 0 else -level_rank end,
                source_rank
        ) as choice
    from {{ ref('int_residence_evidence') }}
),

-- A later source refines it to a door of the same building or compound; while isolating, a compound to the registered
-- door in it.
refined as (
    select
        chosen.person_key,
        finer.dwelling_key,
        finer.building_key,
        finer.committee_code,
        row_number() over (partition by chosen.person_key order by finer.source_rank) as choice
    from chosen
    inner join {{ ref('int_residence_evidence') }} as finer
        on
            chosen.person_key = finer.person_key
            and chosen.source_rank < finer.source_rank
            and finer.level_rank = {{ place_ranks().dwelling }}
            and (
                chosen.building_key = finer.building_key
                or (
                    chosen.level_rank = {{ place_ranks().compound }}
                    and chosen.compound_key = finer.compound_key
                    and (chosen.source <> 'isolation' or finer.source = 'household_registry')
                )
            )
    where chosen.choice = 1 and chosen.level_rank in ({{ place_ranks().compound }}, {{ place_ranks().building }})
),

placed as (
    select
        chosen.person_key,
        coalesce(chosen.dwelling_key, refined.dwelling_key) as dwelling_key,
        coalesce(chosen.building_key, refined.building_key) as building_key,
        chosen.compound_key,
        coalesce(chosen.committee_code, refined.committee_code) as committee_code,
        case when refined.dwelling_key is not null then 'dwelling' else chosen.place_level end as place_level,
        chosen.source
    from chosen
    left join refined on chosen.person_key = refined.person_key and refined.choice = 1
    where chosen.choice = 1
),

told as (
    select
        person_key,
        string_agg(source, ',' order by source_rank) as sources
    from {{ ref('int_residence_evidence') }}
    group by person_key
)

select
    placed.person_key,
    placed.dwelling_key,
    placed.building_key,
    placed.compound_key,
    placed.committee_code,
    placed.place_level,
    placed.source,
    told.sources
from placed
inner join told on placed.person_key = told.person_key
where
    -- Someone known from lists alone who has the name of a resident of the same door is that resident (R-PERSON-10).
    -- `not in` is hashed; an anti-join would be planned as a loop over half a million pairs, because the planner can't
    -- tell how many rows are chosen.
    placed.person_key not in (
        select namesake.person_key
        from {{ source('linkage_build', 'namesake') }} as namesake
        inner join placed as resident
            on namesake.namesake_key = resident.person_key and namesake.dwelling_key = resident.dwelling_key
    )
