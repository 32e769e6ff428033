{#- The history as published so far; no rows before the first publication. A column that it doesn't have yet is null. -#}
{% macro published_governance() -%}
    {%- set columns = {
        'business_date': 'date',
        'committee_code': 'text',
        'arrivals': 'integer',
        'arrivals_abroad': 'integer',
        'isolating': 'integer',
        'newly_isolating': 'integer',
        'released': 'integer',
        'transferred': 'integer',
        'isolating_corrected': 'integer',
        'duties_due': 'integer',
        'residents': 'integer',
        'living_alone_elderly': 'integer',
        'unresolved': 'integer',
        'as_of': 'date',
    } -%}
    {%- set published = adapter.get_relation(target.database, 'marts', 'governance_daily') if execute else none -%}
    {%- set there = adapter.get_columns_in_relation(published) | map(attribute='name') | list if published else [] -%}
    select
    {%- for name, kind in columns.items() %}
        {% if name in there %}{{ name }}{% else %}cast(null as {{ kind }}) as {{ name }}{% endif %}{{ "," if not loop.last }}
    {%- endfor %}
    {%- if published %}
    from marts.governance_daily
    {%- else %}
    where false
    {%- endif %}
{%- endmacro %}
