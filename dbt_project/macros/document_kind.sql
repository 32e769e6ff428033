{#- What kind of identity a canonical document is; null when the number written was only evidence. -#}
{% macro document_kind(document, written_kind) -%}
    case when {{ document }} ~ '^[0-9]{17}[0-9X]$' then rules.identity_kind({{ document }}) when {{ document }} is not null then {{ written_kind }} end
{%- endmacro %}
