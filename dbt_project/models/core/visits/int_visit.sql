-- One row per visit, whatever source told it: to whom, where, when, what for, and what came of it.
{{ config(indexes=[{'columns': ['person_key']}, {'columns': ['dwelling_key']}]) }}

with told as (
    select
        -- The committees' workbooks are one source (R-VISIT-5).
        coalesce(nullif(visit.source, ''), 'workbook') as source,
        visit.visit_no,
        visit.batch_id,
        visit.row_no,
        visit.visited_at,
        visit.kind,
        visit.temperature_c,
        visit.outcome,
        visit.committee_code as told_by,
        visited.person_key,
        link.building_key,
        link.compound_key,
        link.committee_code,
        link.place_level,
        -- What the row says, else the person's own door where the row says nothing against it (R-VISIT-2).
        coalesce(link.dwelling_key, case
            when
                link.place_level not in ('dwelling', 'outside')
                and coalesce(link.building_key, own.building_key) = own.building_key
                and coalesce(link.compound_key, own.compound_key) = own.compound_key
                then own.dwelling_key
        end) as dwelling_key
    from {{ ref('stg_visit_log') }} as visit
    inner join {{ source('linkage_build', 'record_link') }} as link
        on link.feed = 'visit_log' and visit.batch_id = link.batch_id and visit.row_no = link.row_no
    left join {{ ref('int_visit_person') }} as visited
        on visit.batch_id = visited.batch_id and visit.row_no = visited.row_no
    left join {{ ref('int_own_door') }} as own_door on visit.batch_id = own_door.batch_id and visit.row_no = own_door.row_no
    left join {{ ref('dim_dwelling') }} as own on own_door.dwelling_key = own.dwelling_key
),

placed as (
    select
        told.*,
        coalesce(dwelling.committee_code, told.committee_code, told.told_by) as committee,
        -- Two of one door, kind and minute are one visit, unless they were made to different persons (R-VISIT-5).
        coalesce(told.dwelling_key, told.person_key, told.source || '|' || told.visit_no) as place,
        first_value(told.person_key) over (
            partition by
                coalesce(told.dwelling_key, told.person_key, told.source || '|' || told.visit_no),
                told.kind, date_trunc('minute', told.visited_at)
            order by told.person_key nulls last
        ) as someone
    from told
    left join {{ ref('dim_dwelling') }} as dwelling on told.dwelling_key = dwelling.dwelling_key
),

ranked as (
    select
        *,
        row_number() over (
            partition by place, kind, date_trunc('minute', visited_at), coalesce(person_key, someone)
            order by
                (person_key is null) asc, temperature_c desc nulls last, (outcome = 'made') desc, source asc, visit_no asc
        ) as telling
    from placed
)

select
    md5(concat_ws('|', ranked.source, ranked.visit_no)) as visit_key,
    ranked.source,
    ranked.visit_no,
    ranked.batch_id,
    ranked.row_no,
    ranked.visited_at,
    cast(ranked.visited_at at time zone 'Asia/Shanghai' as date) as visited_on,
    ranked.committee as committee_code,
    coalesce(dwelling.compound_key, ranked.compound_key) as compound_key,
    coalesce(dwelling.building_key, ranked.building_key) as building_key,
    ranked.dwelling_key,
    ranked.person_key,
    ranked.kind,
    ranked.temperature_c,
    ranked.outcome,
    case when ranked.dwelling_key is not null then 'dwelling' else ranked.place_level end as place_level
from ranked
left join {{ ref('dim_dwelling') }} as dwelling on ranked.dwelling_key = dwelling.dwelling_key
where ranked.telling = 1
