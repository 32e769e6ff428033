{#- Columns of a mart that count persons of a tag: column -> (tag, the feed that tells it). -#}
{% macro tag_columns() -%}
    {{ return({
        'elderly': ('elderly', 'household_registry'),
        'living_alone_elderly': ('living_alone_elderly', 'household_registry'),
        'infants': ('infant', 'household_registry'),
        'disabled': ('disabled', 'disability_list'),
        'low_income': ('low_income', 'welfare_list'),
        'party_members': ('party_member', 'community_roles'),
        'volunteers': ('volunteer', 'community_roles'),
        'building_leaders': ('building_leader', 'community_roles'),
    }) }}
{%- endmacro %}

{#- Counts over int_person_tag, one column a tag. -#}
{% macro count_tags() -%}
    {%- for column, told in tag_columns().items() %}
        cast(count(*) filter (where tag = '{{ told[0] }}') as integer) as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- One such column of a mart: 0 where nobody has the tag, null where no feed tells. -#}
{% macro tag_count(column, relation) -%}
    case when {{ is_connected(tag_columns()[column][1]) }} then coalesce({{ relation }}.{{ column }}, 0) end as {{ column }}
{%- endmacro %}
