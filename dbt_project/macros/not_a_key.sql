{#- The values of columns that are not a key: they stand more than once, or one of them is null. -#}
{% macro not_a_key(model, columns) -%}
select {{ columns | join(', ') }}
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1 or not ({{ columns | join(' is not null and ') }} is not null)
{%- endmacro %}
