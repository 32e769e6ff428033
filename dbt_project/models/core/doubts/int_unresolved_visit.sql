-- One row per visit that can be given neither a door nor a person (R-VISIT-2).
select
    'visit_log' as feed,
    batch_id,
    row_no,
    committee_code,
    compound_key,
    'visit_unplaced' as reason
from {{ ref('int_visit') }}
where dwelling_key is null and person_key is null
