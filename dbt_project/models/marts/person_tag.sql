-- One row per person x tag.
select
    tagged.person_key,
    tagged.dwelling_key,
    tagged.committee_code,
    tagged.tag,
    tag.label_zh,
    tagged.since,
    {{ as_of() }} as as_of
from {{ ref('int_person_tag') }} as tagged
inner join {{ ref('tags') }} as tag on tagged.tag = tag.tag
