-- One row per neighbourhood committee.
select
    committee_code,
    committee_name
from {{ ref('committees') }}
