-- One row per registration of an arrival from elsewhere; of equal rows the newest.
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with received as ({{ rows_in_force('returnees') }}),

ranked as (
    select
        *,
        -- Across batches too the newest of equal rows is in force (R-ROW-9).
        row_number() over (partition by _row_hash order by _batch_id desc, _row_no desc) as newest
    from received
),

cleaned as (
    select
        *,
        rules.number_kind(id_number) as kind,
        rules.clean(isolation) as way
    from ranked
    where newest = 1
    {{ computed_once() }}
)

select
    _batch_id as batch_id,
    _row_no as row_no,
    hashtextextended(_row_hash, 0) as row_digest,
    _business_date as business_date,
    _received_at as received_at,
    rules.mask_text(full_name) as full_name,
    rules.mask(kind, id_number) as id_number_masked,
    kind as document_kind,
    rules.read_phone(phone) as phone,
    rules.mask_text(origin) as origin,
    rules.read_date(arrived_on, _business_date) as arrived_on,
    rules.mask_text(transport) as transport,
    rules.mask_text(compound_name) as compound_name,
    rules.mask_text(building_no) as building_no,
    rules.mask_text(room_no) as room_no,
    {{ well_formed('returnees', 'isolation', 'way') }} as isolation,
    rules.mask_text(remark) as remark
from cleaned
