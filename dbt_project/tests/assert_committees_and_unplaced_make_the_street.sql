-- Of every date and count the committees and the unplaced together are the street.
select business_date
from {{ ref('governance_daily') }}
group by business_date
having
{%- for measure in ['arrivals', 'arrivals_abroad', 'isolating', 'released', 'duties_due', 'residents', 'unresolved'] %}
    sum({{ measure }}) filter (where committee_code <> '{{ var("street_code") }}')
    is distinct from sum({{ measure }}) filter (where committee_code = '{{ var("street_code") }}')
    {{ "or" if not loop.last }}
{%- endfor %}
