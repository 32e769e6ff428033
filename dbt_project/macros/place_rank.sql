{#- How fine each level of a place is (R-PLACE-4); what stands in no part of the street ranks 0. -#}
{% macro place_ranks() -%}
    {{ return({'dwelling': 4, 'building': 3, 'compound': 2, 'street': 1}) }}
{%- endmacro %}

{#- The rank of a level that a column holds. -#}
{% macro place_rank(level) -%}
    case {{ level }}{% for name, rank in place_ranks().items() %} when '{{ name }}' then {{ rank }}{% endfor %} else 0 end
{%- endmacro %}
