{#- What kind of identity a canonical document is; null when the number written was only evidence. -#}
{% macro document_kind(document, written_kind) -%}
    case
        when {{ document }} !~ '^[0-9]{17}[0-9X]$' then {{ written_kind }}
        when left({{ document }}, 2) in ('81', '82', '83') then 'residence_permit'
        when left({{ document }}, 1) = '9' then 'foreign_permit'
        when {{ document }} is not null then 'resident_id'
    end
{%- endmacro %}
