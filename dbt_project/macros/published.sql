{#- A history as published so far, in these columns (name -> type), null where an earlier release had no such column; no
    rows before the first publication. -#}
{% macro published(mart, columns) -%}
    {%- set view = adapter.get_relation(target.database, 'marts', mart) if execute else none -%}
    {%- set there = adapter.get_columns_in_relation(view) | map(attribute='name') | list if view else [] -%}
    select
    {%- for name, kind in columns.items() %}
        {% if name in there %}{{ name }}{% else %}cast(null as {{ kind }}) as {{ name }}{% endif %}{{ "," if not loop.last }}
    {%- endfor %}
    {%- if view %}
    from marts.{{ mart }}
    {%- else %}
    where false
    {%- endif %}
{%- endmacro %}
