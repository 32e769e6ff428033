-- One row per person x role in the community. A masked number counts with the name, a name alone within its building.
with listed as (
    select
        case when link.person_method <> 'provisional' then link.person_key end as linked_key,
        link.building_key,
        role.id_number_masked as id_masked,
        {{ name_key('role.full_name') }} as name_key,
        role.role,
        role.started_on
    from {{ ref('stg_community_roles') }} as role
    inner join {{ source('linkage_build', 'record_link') }} as link
        on
            role.batch_id = link.batch_id
            and role.row_no = link.row_no
            and link.feed = 'community_roles'
    where role.role is not null
),

named as (
    select
        person_key,
        is_provisional,
        id_masked,
        {{ name_key('full_name') }} as name_key
    from {{ ref('dim_person') }}
),

people as (
    select
        named.person_key,
        named.name_key,
        named.id_masked,
        residence.building_key
    from named
    left join {{ ref('fct_residence') }} as residence on named.person_key = residence.person_key
    where
        named.name_key in (select listed.name_key from listed)
        -- A person known from the list of roles alone is not who another of its rows means (R-TAG-4).
        and (residence.person_key is not null or not named.is_provisional)
),

by_number as (
    select id_masked, name_key, min(person_key) as person_key
    from people
    where id_masked like '______********____'
    group by id_masked, name_key
    having count(*) = 1
),

by_building as (
    select building_key, name_key, min(person_key) as person_key
    from people
    where building_key is not null
    group by building_key, name_key
    having count(*) = 1
)

select
    coalesce(listed.linked_key, by_number.person_key, by_building.person_key) as person_key,
    listed.role,
    min(listed.started_on) as started_on
from listed
left join by_number
    on listed.id_masked = by_number.id_masked and listed.name_key = by_number.name_key
left join by_building
    -- A number that fits nobody in the building contradicts the name.
    on listed.building_key = by_building.building_key and listed.name_key = by_building.name_key and listed.id_masked is null
where coalesce(listed.linked_key, by_number.person_key, by_building.person_key) is not null
group by coalesce(listed.linked_key, by_number.person_key, by_building.person_key), listed.role
