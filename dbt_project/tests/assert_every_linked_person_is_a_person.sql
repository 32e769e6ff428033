-- Persons in = persons out: everybody that a record in force names is in dim_person.
select count(*) as lost
from {{ source('linkage_build', 'record_link') }} as link
left join {{ ref('dim_person') }} as person on link.person_key = person.person_key
where link.person_key is not null and person.person_key is null
having count(*) > 0
