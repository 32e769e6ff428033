-- One row per resident or an isolating person: what tags and scenarios may ask, a column a word (scenarios/vocabulary.yaml).
{{ config(indexes=[{'columns': ['person_key']}]) }}

with isolating as (
    select
        person_key, dwelling_key, building_key, compound_key, committee_code, first_started_on, day_no, colour,
        row_number() over (partition by person_key order by started_on desc) as newest
    from {{ ref('fct_isolation_episode') }}
    where status = 'isolating'
),

placed as (
    select
        person.person_key,
        person.first_seen_on,
        person.birth_date,
        person.age,
        person.sex,
        residence.person_key is not null as is_resident,
        case when residence.person_key is not null then residence.dwelling_key else isolating.dwelling_key end
            as dwelling_key,
        case when residence.person_key is not null then residence.building_key else isolating.building_key end
            as building_key,
        case when residence.person_key is not null then residence.compound_key else isolating.compound_key end
            as compound_key,
        case when residence.person_key is not null then residence.committee_code else isolating.committee_code end
            as committee_code,
        residence.dwelling_key as door,
        isolating.person_key is not null as isolating,
        -- From the first start that still runs: a new entry restarts the days that are counted, not the isolation.
        isolating.first_started_on as isolating_since,
        isolating.day_no as isolation_day,
        isolating.colour as isolation_colour
    from {{ ref('dim_person') }} as person
    left join {{ ref('fct_residence') }} as residence on person.person_key = residence.person_key
    left join isolating on person.person_key = isolating.person_key and isolating.newest = 1
    -- Residents have tags; isolating has everybody who does (R-TAG-3).
    where residence.person_key is not null or isolating.person_key is not null
),

visited as (
    select person_key, max(visited_on) as last_on
    from {{ ref('int_visit') }}
    where outcome = 'made'
    group by person_key
)

-- Null is what isn't known; who is on no list of benefits, certificates or roles has none (R-SCEN-3).
select
    placed.person_key,
    placed.first_seen_on,
    placed.birth_date,
    placed.age,
    case placed.sex when 1 then '男' when 2 then '女' end as sex,
    {{ var('elder_age') }} as elder_age,
    {{ var('minor_age') }} as minor_age,
    cast(placed.birth_date + {{ var('elder_age') }} * interval '1 year' as date) as elder_since,
    cast(placed.birth_date + interval '80 years' as date) as turned_80_on,
    placed.is_resident,
    placed.dwelling_key,
    placed.building_key,
    placed.compound_key,
    placed.committee_code,
    placed.committee_code as committee,
    {{ looked_up('dim_compound', 'compound_key', 'placed.compound_key', 'compound_name') }} as compound,
    door.residents = 1 as lives_alone,
    door.residents as household_size,
    door.elders as elders_of_door,
    registry.residence_type,
    placed.isolating,
    placed.isolating_since,
    placed.isolation_day,
    placed.isolation_colour,
    coalesce(care.has_certificate, false) as has_certificate,
    case when care.has_certificate then care.disability_level <= 2 else false end as has_severe_disability,
    care.disability_type,
    care.disability_level,
    care.certified_since,
    care.certificate_issued_on,
    {%- for benefit in ['low_income', 'meal_service', 'home_care'] %}
    coalesce(care.has_{{ benefit }}, false) as has_{{ benefit }},
    care.{{ benefit }}_since,
    {%- endfor %}
    {%- for role in ['party_member', 'volunteer', 'building_leader'] %}
    coalesce(care.is_{{ role }}, false) as has_role_{{ role }},
    care.{{ role }}_since,
    {%- endfor %}
    dwelling.floor,
    dwelling.floors_total,
    dwelling.floor <= 1 as is_ground_floor,
    dwelling.usage,
    occupancy.occupancy,
    occupancy.is_renovating,
    occupancy.is_occupied_conflict,
    {{ as_of() }} - visited.last_on as days_since_visit,
    -- No feed tells these yet.
    cast(null as integer) as open_alerts,
    cast(null as integer) as requests_30d
from placed
left join {{ ref('int_door') }} as door on placed.door = door.dwelling_key
left join {{ ref('int_registry_person') }} as registry on placed.person_key = registry.person_key
left join {{ ref('int_person_care') }} as care on placed.person_key = care.person_key
left join visited on placed.person_key = visited.person_key
left join {{ ref('dim_dwelling') }} as dwelling on placed.dwelling_key = dwelling.dwelling_key
left join {{ ref('fct_occupancy') }} as occupancy on placed.dwelling_key = occupancy.dwelling_key
