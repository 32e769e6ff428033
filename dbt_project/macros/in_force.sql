{#- The batches of a feed in force at D, as literals: the planner then reads only their partitions. -#}
{% macro batches_in_force(feed) -%}
    {%- set found = none -%}
    {%- if execute -%}
        {%- set found = run_query(
            "select batch_id from ops.batch_in_force(" ~ as_of() ~ ") where feed = '" ~ feed ~ "' order by batch_id"
        ) -%}
    {%- endif -%}
    {%- if found -%}
        {{ found.columns[0].values() | join(', ') }}
    {%- else -%}
        null
    {%- endif -%}
{%- endmacro %}

{#- The usable rows of a feed's batches in force (not quarantined), the superseded ones marked. -#}
{% macro usable_rows_in_force(feed) -%}
    select
        received.*,
        batch.business_date as _business_date,
        batch.received_at as _received_at,
        superseded.row_no is not null as _is_superseded
    from {{ source('raw', feed) }} as received
    inner join {{ source('ops', 'batch') }} as batch on received._batch_id = batch.batch_id
    -- A join, not `exists`: a subquery in a column is never read in parallel.
    left join {{ source('ops', 'superseded_row') }} as superseded
        on received._batch_id = superseded.batch_id and received._row_no = superseded.row_no
    where
        received._batch_id in ({{ batches_in_force(feed) }})
        and not exists (
            select 1 from quarantine.{{ feed }} as broken
            where broken.batch_id = received._batch_id and broken.row_no = received._row_no
        )
{%- endmacro %}

{#- The accepted rows of a feed's batches in force: neither quarantined nor superseded. -#}
{% macro rows_in_force(feed) -%}
    select * from ({{ usable_rows_in_force(feed) }}) as usable
    where not _is_superseded
{%- endmacro %}

{#- Whether any of these feeds has anything in force: what no feed tells is null, never 0 (R-DAY-5). -#}
{% macro is_any_connected(feeds) -%}
    exists (
        select 1 from {{ ref('int_feed_in_force') }} as connected
        where connected.feed in ('{{ feeds | join("', '") }}')
    )
{%- endmacro %}
