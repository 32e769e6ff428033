{#- Columns of a mart that count persons of a tag: column -> (tag, the feeds of which any tells it). -#}
{% macro tag_columns() -%}
    {%- set of_age = feeds_with_role('birth_date') + feeds_with_role('document_number') + feeds_with_role('resident_id') -%}
    {{ return({
        'elderly': ('elderly', of_age),
        'living_alone_elderly': ('living_alone_elderly', of_age),
        'infants': ('infant', of_age),
        'disabled': ('disabled', feeds_of_model('int_certificate')),
        'low_income': ('low_income', feeds_of_model('int_benefit')),
        'party_members': ('party_member', feeds_of_model('int_role')),
        'volunteers': ('volunteer', feeds_of_model('int_role')),
        'building_leaders': ('building_leader', feeds_of_model('int_role')),
    }) }}
{%- endmacro %}

{#- The feeds whose staging models a model reads. -#}
{% macro feeds_of_model(model) -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- for parent in graph.nodes['model.' ~ project_name ~ '.' ~ model].depends_on.nodes -%}
            {%- set name = parent.split('.')[-1] -%}
            {%- if name.startswith('stg_') and name[4:] in contracts() -%}
                {%- do found.append(name[4:]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}

{#- Counts over int_person_tag, one column a tag. -#}
{% macro count_tags() -%}
    {%- for column, told in tag_columns().items() %}
        cast(count(*) filter (where tag = '{{ told[0] }}') as integer) as {{ column }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- One such column of a mart: 0 where nobody has the tag, null where no feed tells (R-TAG-8). -#}
{% macro tag_count(column, relation) -%}
    case when {{ is_any_connected(tag_columns()[column][1]) }} then coalesce({{ relation }}.{{ column }}, 0) end as {{ column }}
{%- endmacro %}
