{#- The history as published so far; no rows before the first publication. -#}
{% macro published_governance() -%}
    {%- set published = none -%}
    {%- if execute -%}
        {%- set published = adapter.get_relation(target.database, 'marts', 'governance_daily') -%}
    {%- endif -%}
    select
        business_date,
        committee_code,
        arrivals,
        arrivals_abroad,
        isolating,
        released,
        duties_due,
        residents,
        living_alone_elderly,
        unresolved,
        as_of
    {%- if published %}
    from marts.governance_daily
    {%- else %}
    from (
        select
            cast(null as date) as business_date,
            cast(null as text) as committee_code,
            cast(null as integer) as arrivals,
            cast(null as integer) as arrivals_abroad,
            cast(null as integer) as isolating,
            cast(null as integer) as released,
            cast(null as integer) as duties_due,
            cast(null as integer) as residents,
            cast(null as integer) as living_alone_elderly,
            cast(null as integer) as unresolved,
            cast(null as date) as as_of
    ) as nothing
    where false
    {%- endif %}
{%- endmacro %}
