-- One row per date that a run tells: from the first arrival, and at least the day before D, to D.
select cast(day.day as date) as business_date
from
    generate_series(
        least((select min(arrival.arrived_on) from {{ ref('fct_arrival') }} as arrival), {{ as_of() }} - 1),
        {{ as_of() }},
        interval '1 day'
    ) as day (day)
