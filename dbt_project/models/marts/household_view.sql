-- One row per dwelling x resident.
with tags as (
    select
        person_key,
        array_agg(tag order by tag) as tags
    from {{ ref('int_person_tag') }}
    group by person_key
)

select
    residence.dwelling_key,
    residence.committee_code,
    residence.person_key,
    person.full_name,
    person.sex,
    person.age,
    person.id_masked,
    person.phone,
    registry.household_no,
    registry.relation_to_head,
    registry.residence_type,
    coalesce(tags.tags, cast(array[] as text[])) as tags,
    isolation.colour as isolation_colour,
    isolation.day_no as isolation_day,
    isolation.release_on,
    case
        when {{ is_any_connected(feeds_of_model('int_benefit')) }} then coalesce(string_to_array(care.services, ','), cast(array[] as text[]))
    end as services,
    care.disability_type,
    care.disability_level,
    cast(null as timestamptz) as last_visit_at,
    string_to_array(residence.sources, ',') as sources,
    link.person_method as link_method,
    link.person_score as link_score,
    {{ as_of() }} as as_of
from {{ ref('fct_residence') }} as residence
inner join {{ ref('dim_person') }} as person on residence.person_key = person.person_key
left join {{ ref('int_registry_person') }} as registry on residence.person_key = registry.person_key
left join {{ ref('int_person_link') }} as link on residence.person_key = link.person_key
left join {{ ref('int_shown_isolation') }} as isolation on residence.person_key = isolation.person_key
left join tags on residence.person_key = tags.person_key
left join {{ ref('int_person_care') }} as care on residence.person_key = care.person_key
where residence.dwelling_key is not null
