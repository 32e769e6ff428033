-- One row per pair of records, or address, that waits for a person to decide (R-PERSON-14); it stands at its first record.
select distinct on (candidate.candidate_id)
    candidate.candidate_id,
    candidate.is_arrival,
    candidate.first_seen_on,
    link.committee_code
from {{ source('linkage', 'candidate') }} as candidate
left join {{ source('linkage_build', 'record_link') }} as link
    on candidate.left_feed = link.feed and candidate.left_record = link.record
order by candidate.candidate_id, link.batch_id, link.row_no
