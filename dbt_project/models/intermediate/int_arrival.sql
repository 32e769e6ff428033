-- One row a registration of an arrival in force, whichever feed it comes from.
{%- set feeds = ['int_border_arrival', 'int_returnee_arrival'] %}
{%- for feed in feeds %}

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
from {{ ref(feed) }}
{{ "union all" if not loop.last }}
{%- endfor %}
