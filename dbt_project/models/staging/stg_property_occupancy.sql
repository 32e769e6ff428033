-- One row per dwelling x occupant in the list in force of each company.
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with received as ({{ rows_in_force('property_occupancy') }}),

cleaned as (
    select
        *,
        rules.clean(occupancy) as occupancy_name,
        rules.read_date(moved_in_on, _business_date) as moved_in,
        rules.read_date(registered_on, _business_date) as registered
    from received
    {{ computed_once() }}
)

select
    _batch_id as batch_id,
    _row_no as row_no,
    hashtextextended(_row_hash, 0) as row_digest,
    _business_date as business_date,
    _received_at as received_at,
    -- As the business key is compared: 30, 30号楼 and 三十号 are one building.
    rules.mask_text(rules.place_name(compound_name)) as compound_name,
    rules.mask_text(rules.place_number(building_no)) as building_no,
    rules.mask_text(rules.place_number(room_no)) as room_no,
    {{ known_code('property_occupancy', 'occupancy', 'occupancy_name') }} as occupancy,
    -- Nobody lives in a vacant dwelling, whatever name stands beside it.
    case
        when coalesce(occupancy_name, '') <> '空置' and not rules.is_blank(occupant_name)
            then rules.mask_text(occupant_name)
    end as occupant_name,
    rules.read_phone(phone) as phone,
    case when moved_in <= _business_date then moved_in end as moved_in_on,
    case when registered <= _business_date then registered end as registered_on
from cleaned
