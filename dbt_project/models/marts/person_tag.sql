-- One row per person x tag.
select
    tagged.person_key,
    tagged.dwelling_key,
    tagged.committee_code,
    {{ looked_up('committees', 'committee_code', 'tagged.committee_code', 'committee_name') }} as committee_name,
    tagged.tag,
    tag.label_zh,
    tagged.since,
    {{ as_of() }} as as_of
from {{ ref('int_person_tag') }} as tagged
inner join {{ ref('int_tag') }} as tag on tagged.tag = tag.tag
