{#- The feeds whose contract has a property (`about_person`, `about_arrival`), by name. -#}
{% macro feeds_where(property) -%}
    {%- set found = [] -%}
    {%- for feed, contract in contracts() | dictsort if contract[property] -%}
        {%- do found.append(feed) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}

{#- The column of a feed that plays a role, as its contract declares it; none where no column does. -#}
{% macro role_column(feed, role) -%}
    {{ return(contracts()[feed].roles.get(role)) }}
{%- endmacro %}

{#- The feeds that have a column of a role, by name: who names a person need not be about persons. -#}
{% macro feeds_with_role(role) -%}
    {%- set found = [] -%}
    {%- for feed, contract in contracts() | dictsort if contract.roles.get(role) -%}
        {%- do found.append(feed) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
