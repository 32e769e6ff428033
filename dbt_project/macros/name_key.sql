{#- A name as it is compared: without spaces, middle dots and what guards a spreadsheet. -#}
{% macro name_key(name) -%}
    regexp_replace({{ name }}, '[[:space:]·•・‧=+@-]', '', 'g')
{%- endmacro %}
