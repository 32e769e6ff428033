-- One row per received arrival that could not be used and that no later record makes good.
select
    received.feed,
    received.batch_id,
    received.row_no,
    -- Where it would have gone, as far as its text says (R-LIST-3).
    place.committee_code,
    place.compound_key,
    -- Without a usable record it ages, and is still counted.
    case when received.business_date + {{ var('expiry_days') }} <= {{ as_of() }} then 'expired' else received.unusable_for end as reason
from {{ ref('int_received_arrival') }} as received
left join {{ source('linkage_build', 'arrival_place') }} as place
    on
        received.feed = place.feed
        and received.batch_id = place.batch_id
        and received.row_no = place.row_no
where
    received.unusable_for is not null
    and not exists (
        select 1 from {{ ref('int_made_good') }} as good
        where
            good.feed = received.feed
            and good.batch_id = received.batch_id
            and good.row_no = received.row_no
    )
