-- One row per record that a check over persons has caught x the check.
{%- for check in person_checks() %}
select distinct
    '{{ check }}' as check_name,
    feed,
    batch_id,
    row_no
from {{ ref('check_' ~ check) }}
{{ "union all" if not loop.last }}
{%- endfor %}
