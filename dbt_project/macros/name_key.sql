{#- A clean name as it is compared: in capitals, without blanks, middle dots and what guards a spreadsheet (R-PERSON-4).
    Traditional and simplified characters are one to linkage.names alone. -#}
{% macro name_key(name) -%}
    upper(translate({{ name }}, ' ·•・‧∙⋅.。=+@-''"', ''))
{%- endmacro %}
