-- One row per person x role x building served in the list in force.
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with received as ({{ rows_in_force('community_roles') }}),

cleaned as (
    select
        *,
        rules.number_kind(id_number) as kind,
        rules.clean(role) as role_name,
        rules.read_date(started_on, _business_date) as started
    from received
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
    {{ known_code('community_roles', 'role', 'role_name') }} as role,
    rules.mask_text(compound_name) as compound_name,
    rules.mask_text(building_no) as building_no,
    case when started <= _business_date then started end as started_on
from cleaned
