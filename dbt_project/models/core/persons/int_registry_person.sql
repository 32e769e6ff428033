-- One row per person of the household registry: where its newest usable row has them living, and whether they died.
{{ config(indexes=[{'columns': ['person_key']}]) }}

with linked as (
    select
        link.person_key,
        registry.batch_id,
        registry.row_no,
        registry.household_no,
        registry.relation_to_head,
        registry.residence_type,
        registry.status,
        registry.updated_at,
        registry.business_date,
        link.dwelling_key,
        link.building_key,
        link.compound_key,
        link.committee_code,
        link.place_level,
        link.registered_dwelling_key,
        link.registered_compound_key,
        link.registered_place_level,
        -- Moved out or living elsewhere voids that row alone; an unreadable status does not empty a home (R-HOME-3).
        coalesce(registry.status, 1) = 1 and coalesce(registry.residence_type, 0) <> 2 as is_living_here
    from {{ ref('stg_household_registry') }} as registry
    inner join {{ source('linkage_build', 'record_link') }} as link
        on
            registry.batch_id = link.batch_id
            and registry.row_no = link.row_no
            and link.feed = 'household_registry'
),

ranked as (
    select
        *,
        row_number() over (
            partition by person_key
            order by is_living_here desc, updated_at desc nulls last, row_no desc
        ) as newest,
        max(case when status = 3 then coalesce(cast(updated_at at time zone 'Asia/Shanghai' as date), business_date) end)
            over (partition by person_key) as died_on
    from linked
)

select
    person_key,
    batch_id,
    row_no,
    household_no,
    relation_to_head,
    residence_type,
    status,
    is_living_here,
    updated_at,
    died_on,
    dwelling_key,
    building_key,
    compound_key,
    committee_code,
    place_level,
    registered_dwelling_key,
    registered_compound_key,
    registered_place_level
from ranked
where newest = 1
