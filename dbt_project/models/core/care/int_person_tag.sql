-- One row per person x tag: whoever meets the predicate that the tag dictionary states.
-- depends_on: {{ ref('int_tag') }}
{{ config(indexes=[{'columns': ['person_key']}, {'columns': ['dwelling_key']}]) }}

{#- The tags are data (R-TAG-6). -#}
{%- set dictionary = [] -%}
{%- if execute -%}
    {%- set dictionary = run_query("select tag, condition, since from staging.int_tag order by tag").rows -%}
{%- endif %}

select
    attribute.person_key,
    attribute.dwelling_key,
    attribute.building_key,
    attribute.compound_key,
    attribute.committee_code,
    met.tag,
    -- Where no list tells the day: first seen (R-TAG-5).
    coalesce(met.since, attribute.first_seen_on) as since
from {{ ref('int_person_attribute') }} as attribute
cross join lateral (
    {%- for tag in dictionary %}
    select
        '{{ tag.tag }}' as tag,
        cast({{ tag.since or 'null' }} as date) as since
    -- Null, as of someone of unknown age, is no (R-PERSON-11).
    where {{ tag.condition }}
    {{ "union all" if not loop.last }}
    {%- else %}
    select
        cast(null as text) as tag,
        cast(null as date) as since
    {%- endfor %}
) as met
