-- One row per dwelling in the housing register in force.
{{ config(indexes=[{'columns': ['batch_id', 'row_no'], 'unique': true}]) }}

with received as ({{ rows_in_force('housing_registry') }}),

cleaned as (
    select
        *,
        rules.read_int(usage) as usage_code,
        rules.read_int(tenure) as tenure_code,
        rules.read_numeric(area_sqm) as area,
        cast(rules.read_numeric(longitude) as double precision) as east,
        cast(rules.read_numeric(latitude) as double precision) as north
    from received
    {{ computed_once() }}
)

select
    _batch_id as batch_id,
    _row_no as row_no,
    hashtextextended(_row_hash, 0) as row_digest,
    _business_date as business_date,
    _received_at as received_at,
    rules.clean(dwelling_code) as dwelling_code,
    rules.clean(committee_code) as committee_code,
    rules.clean(committee_name) as committee_name,
    rules.clean(compound_name) as compound_name,
    rules.clean(road) as road,
    rules.clean(lane) as lane,
    rules.clean(building_no) as building_no,
    rules.clean(room_no) as room_no,
    rules.read_int(floor) as floor,
    rules.read_int(floors_total) as floors_total,
    case when area > 0 then area end as area_sqm,
    {{ known_code('housing_registry', 'usage', 'usage_code', is_number=true) }} as usage,
    {{ known_code('housing_registry', 'tenure', 'tenure_code', is_number=true) }} as tenure,
    rules.mask_text(owner_name) as owner_name,
    case when rules.resident_id(owner_id_number) is not null then 'resident_id' end as document_kind,
    rules.mask('resident_id', owner_id_number) as owner_id_number_masked,
    -- A building stands in or near Shanghai; anything else is a slip of the keyboard.
    case when east between 120 and 123 and north between 30 and 32 then east end as longitude,
    case when east between 120 and 123 and north between 30 and 32 then north end as latitude
from cleaned
