-- One row per received arrival for which a usable record stands: its own entry, or one of a later batch.
select distinct
    broken.feed,
    broken.batch_id,
    broken.row_no
from {{ ref('int_received_arrival') }} as broken
inner join {{ ref('int_received_arrival') }} as usable
    on broken.feed = usable.feed and broken.entry = usable.entry and usable.is_in_force
union
select
    broken.feed,
    broken.batch_id,
    broken.row_no
from {{ ref('int_received_arrival') }} as broken
inner join {{ ref('int_received_arrival') }} as later
    on
        broken.feed = later.feed
        and (broken.document = later.document or broken.phone_and_name = later.phone_and_name)
        and (broken.business_date, broken.batch_id) < (later.business_date, later.batch_id)
        and later.is_in_force
where not broken.is_in_force
