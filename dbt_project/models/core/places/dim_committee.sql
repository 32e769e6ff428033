-- One row a neighbourhood committee.
select
    committee_code,
    committee_name
from {{ ref('committees') }}
