-- One row per dwelling x resident.
with tags as (
    select
        tagged.person_key,
        array_agg(tagged.tag order by tagged.tag) as tags,
        array_agg(tag.label_zh order by tag.sort_order) as tags_zh
    from {{ ref('int_person_tag') }} as tagged
    inner join {{ ref('int_tag') }} as tag on tagged.tag = tag.tag
    group by tagged.person_key
)

select
    residence.dwelling_key,
    residence.committee_code,
    {{ looked_up('committees', 'committee_code', 'residence.committee_code', 'committee_name') }} as committee_name,
    dwelling.compound_name,
    dwelling.building_key,
    building.building_name,
    dwelling.room_no,
    residence.person_key,
    person.full_name,
    person.sex,
    {{ contract_label('household_registry', 'sex', 'person.sex') }} as sex_zh,
    person.age,
    person.id_masked,
    person.phone,
    registry.household_no,
    registry.relation_to_head,
    {{ code_label('relation_to_head', 'registry.relation_to_head') }} as relation_zh,
    registry.residence_type,
    {{ contract_label('household_registry', 'residence_type', 'registry.residence_type') }} as residence_type_zh,
    coalesce(tags.tags, cast(array[] as text[])) as tags,
    coalesce(tags.tags_zh, cast(array[] as text[])) as tags_zh,
    isolation.colour as isolation_colour,
    {{ isolation_colour_label('isolation.colour') }} as isolation_colour_zh,
    isolation.day_no as isolation_day,
    isolation.release_on,
    case
        when {{ is_any_connected(feeds_of_model('int_benefit')) }} then coalesce(string_to_array(care.services, ','), cast(array[] as text[]))
    end as services,
    care.disability_type,
    {{ contract_label('disability_list', 'disability_type', 'care.disability_type') }} as disability_type_zh,
    care.disability_level,
    {{ contract_label('disability_list', 'disability_level', 'care.disability_level') }} as disability_level_zh,
    visited.last_visit_at,
    string_to_array(residence.sources, ',') as sources,
    link.person_method as link_method,
    {{ code_label('link_method', 'link.person_method') }} as link_method_zh,
    link.person_score as link_score,
    {{ as_of() }} as as_of
from {{ ref('fct_residence') }} as residence
inner join {{ ref('dim_person') }} as person on residence.person_key = person.person_key
inner join {{ ref('dim_dwelling') }} as dwelling on residence.dwelling_key = dwelling.dwelling_key
inner join {{ ref('dim_building') }} as building on dwelling.building_key = building.building_key
left join {{ ref('int_registry_person') }} as registry on residence.person_key = registry.person_key
left join {{ ref('int_person_link') }} as link on residence.person_key = link.person_key
left join {{ ref('int_shown_isolation') }} as isolation on residence.person_key = isolation.person_key
left join (
    select person_key, max(visited_at) as last_visit_at
    from {{ ref('int_visit') }}
    where outcome = 'made'
    group by person_key
) as visited on residence.person_key = visited.person_key
left join tags on residence.person_key = tags.person_key
left join {{ ref('int_person_care') }} as care on residence.person_key = care.person_key
where residence.dwelling_key is not null
