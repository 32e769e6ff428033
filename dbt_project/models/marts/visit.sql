-- One row per visit of the last 180 days.
select
    visit.visit_key,
    visit.source,
    {{ code_label('visit_source', 'visit.source') }} as source_zh,
    visit.visited_at,
    visit.committee_code,
    {{ looked_up('committees', 'committee_code', 'visit.committee_code', 'committee_name') }} as committee_name,
    visit.compound_key,
    visit.building_key,
    visit.dwelling_key,
    visit.person_key,
    person.full_name,
    visit.kind,
    visit.kind as label_zh,
    visit.temperature_c,
    visit.temperature_c >= {{ var('fever_celsius') }} as is_fever,
    visit.outcome,
    {{ code_label('visit_outcome', 'visit.outcome') }} as outcome_zh,
    {{ as_of() }} as as_of
from {{ ref('int_visit') }} as visit
left join {{ ref('dim_person') }} as person on visit.person_key = person.person_key
-- A committee reads its list in one stretch.
order by visit.committee_code asc, visit.visited_at desc, visit.visit_key asc
