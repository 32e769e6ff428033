-- One row per record or person that stands twice where it should stand once, at the record that names them.
{%- set grains = {
    'dim_person': ['person_key'],
    'fct_residence': ['person_key'],
    'household_view': ['person_key'],
    'isolation_episode': ['person_key', 'episode_key'],
    'person_tag': ['person_key', 'tag'],
    'service_roster': ['person_key', 'service'],
    'worklist': ['person_key', 'duty_key'],
} %}
with caught as (
    {%- for model, columns in grains.items() %}
    select person_key
    from {{ ref(model) }}
    group by {{ columns | join(', ') }}
    having count(*) > 1
    {{ "union" if not loop.last }}
    {%- endfor %}
)

{{ records_of('caught') }}
union
select
    feed,
    batch_id,
    row_no
from {{ ref('fct_arrival') }}
group by feed, batch_id, row_no
having count(*) > 1
