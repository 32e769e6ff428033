{#-
What people read for a code. Each look-up is one uncorrelated subquery: the planner reads the table once, not once a row,
and no join can double or lose a row. Null where the code is null or unknown.
-#}

{#- Another column of the row that has this key in a seed or dimension. -#}
{% macro looked_up(table, key, value, wanted='label_zh') -%}
    (select jsonb_object_agg(listed.{{ key }}, listed.{{ wanted }}) from {{ ref(table) }} as listed)
    ->> cast({{ value }} as text)
{%- endmacro %}

{#- The label of a code of our own: seeds/codes.csv. -#}
{% macro code_label(code_list, value) -%}
    (
        select jsonb_object_agg(listed.code, listed.label_zh)
        from {{ ref('codes') }} as listed
        where listed.code_list = '{{ code_list }}'
    ) ->> cast({{ value }} as text)
{%- endmacro %}

{#- The label of a department's code: its feed's contract. -#}
{% macro contract_label(feed, column, value) -%}
    cast('{{ contracts()[feed].labels[column] | tojson }}' as jsonb) ->> cast({{ value }} as text)
{%- endmacro %}
