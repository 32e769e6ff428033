-- One row per resident or an isolating person: what the tag dictionary's predicates may ask.
with isolating as (
    select
        person_key, dwelling_key, building_key, compound_key, committee_code, first_started_on,
        row_number() over (partition by person_key order by started_on desc) as newest
    from {{ ref('fct_isolation_episode') }}
    where status = 'isolating'
)

select
    person.person_key,
    person.first_seen_on,
    person.birth_date,
    person.age,
    person.age >= {{ var('elder_age') }} as is_elder,
    cast(person.birth_date + {{ var('elder_age') }} * interval '1 year' as date) as elder_since,
    person.age < {{ var('minor_age') }} as is_minor,
    residence.person_key is not null as is_resident,
    case when residence.person_key is not null then residence.dwelling_key else isolating.dwelling_key end
        as dwelling_key,
    case when residence.person_key is not null then residence.building_key else isolating.building_key end
        as building_key,
    case when residence.person_key is not null then residence.compound_key else isolating.compound_key end
        as compound_key,
    case when residence.person_key is not null then residence.committee_code else isolating.committee_code end
        as committee_code,
    door.residents as residents_of_door,
    door.elders as elders_of_door,
    -- From the first start that still runs: a new entry restarts the days that are counted, not the isolation.
    isolating.first_started_on as isolating_since,
    care.has_certificate,
    care.certified_since,
    care.certificate_issued_on,
    care.disability_level,
    care.has_low_income,
    care.low_income_since,
    care.has_meal_service,
    care.meal_service_since,
    care.has_home_care,
    care.home_care_since,
    care.is_party_member,
    care.party_member_since,
    care.is_volunteer,
    care.volunteer_since,
    care.is_building_leader,
    care.building_leader_since
from {{ ref('dim_person') }} as person
left join {{ ref('fct_residence') }} as residence on person.person_key = residence.person_key
left join {{ ref('int_door') }} as door on residence.dwelling_key = door.dwelling_key
left join isolating on person.person_key = isolating.person_key and isolating.newest = 1
left join {{ ref('int_person_care') }} as care on person.person_key = care.person_key
-- Residents have tags; isolating has everybody who does (R-TAG-3).
where residence.person_key is not null or isolating.person_key is not null
