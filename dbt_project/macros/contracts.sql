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

{#- What a row of a feed says in a role; null where the feed has no such column. -#}
{% macro said_in_role(feed, role, row) -%}
    {%- set column = role_column(feed, role) -%}
    {{ row ~ '.' ~ column if column else 'cast(null as text)' }}
{%- endmacro %}

{#- The business key of a row as one text, null where nothing of it is said; null in a feed without a key. -#}
{% macro entry_key(feed, row) -%}
    {%- set parts = contracts()[feed].business_key -%}
    {%- if parts | length == 1 -%}
        rules.clean({{ row }}.{{ parts[0] }})
    {%- elif parts -%}
        nullif(concat_ws(chr(31){% for part in parts %}, rules.clean({{ row }}.{{ part }}){% endfor %}), '')
    {%- else -%}
        cast(null as text)
    {%- endif -%}
{%- endmacro %}

{#- A value of a column where its contract knows it as a code, else null. -#}
{% macro known_code(feed, column, value, is_number=false) -%}
    {%- set mark = "" if is_number else "'" -%}
    {%- set codes = contracts()[feed].codes[column] | list -%}
    case when {{ value }} in ({{ mark }}{{ codes | join(mark ~ ", " ~ mark) }}{{ mark }}) then {{ value }} end
{%- endmacro %}

{#- A value of a column where it has the form that its contract states, else null. -#}
{% macro well_formed(feed, column, value) -%}
    case when {{ value }} ~ '{{ contracts()[feed].patterns[column] }}' then {{ value }} end
{%- endmacro %}

{#- The kind of document that the code of a type announces, null where it announces none. -#}
{% macro written_kind(feed, value) -%}
    case {{ value }}
    {%- for code, kind in contracts()[feed].codes[role_column(feed, 'document_type')].items() if kind %}
        when '{{ code }}' then '{{ kind }}'
    {%- endfor %}
    end
{%- endmacro %}
