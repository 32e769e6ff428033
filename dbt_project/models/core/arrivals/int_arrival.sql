-- One row per registration of an arrival in force, whichever feed it comes from.
{%- for feed in feeds_where('about_arrival') %}

select
    feed,
    batch_id,
    row_no,
    business_date,
    record_code,
    arrived_on,
    recorded_at,
    flight_no,
    is_border_entry,
    origin_kind,
    origin_code,
    origin_name,
    disposition,
    was_home,
    closed_on,
    moved_on
from {{ ref('int_arrival_' ~ feed) }}
{{ "union all" if not loop.last }}
{%- endfor %}
