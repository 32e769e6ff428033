{#-
    The business date D, and the moment that counts as now. Nothing in a model reads the clock (R-DAY-3).
    street.dbt gives both in the environment, read only when a model runs: as a variable of the project each new
    day would have all of it parsed again. A variable wins, for unit tests and by hand: `--vars '{as_of: 2020-03-28}'`.
-#}
{% macro as_of() -%}
    cast('{{ var("as_of", none) or (env_var("WAREHOUSE_AS_OF", "1970-01-01") if execute else "1970-01-01") }}' as date)
{%- endmacro %}

{% macro as_of_at() -%}
    {%- set unset = "1970-01-01 07:30:00+08:00" -%}
    cast('{{ var("as_of_at", none) or (env_var("WAREHOUSE_AS_OF_AT", unset) if execute else unset) }}' as timestamptz)
{%- endmacro %}
