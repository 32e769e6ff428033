{#- The business date D, and the moment that counts as now. Nothing in a model reads the clock. -#}
{% macro as_of() -%}
    cast('{{ var("as_of") }}' as date)
{%- endmacro %}

{% macro as_of_at() -%}
    cast('{{ var("as_of_at") }}' as timestamptz)
{%- endmacro %}
