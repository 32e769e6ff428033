{#- The level of a compound with so many persons isolating: the highest whose bound is reached (R-ISO-12). -#}
{% macro level_of(persons) -%}
    (
        select level.level
        from {{ ref('levels') }} as level
        where level.from_persons <= {{ persons }}
        order by level.from_persons desc
        limit 1
    )
{%- endmacro %}
