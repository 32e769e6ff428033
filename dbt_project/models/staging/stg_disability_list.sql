-- One row per disability certificate in the list in force; its number wins over its columns.
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with received as ({{ rows_in_force('disability_list') }}),

cleaned as (
    select
        *,
        case when rules.certificate_parts(certificate_no) is not null then 'disability_certificate' end as kind,
        rules.read_int(disability_type) as type_code,
        rules.read_int(disability_level) as level_code,
        rules.read_date(issued_on, _business_date) as issued
    from received
    {{ computed_once() }}
)

select
    _batch_id as batch_id,
    _row_no as row_no,
    hashtextextended(_row_hash, 0) as row_digest,
    _business_date as business_date,
    _received_at as received_at,
    rules.mask('disability_certificate', certificate_no) as certificate_no_masked,
    kind as document_kind,
    rules.mask_text(full_name) as full_name,
    coalesce(
        rules.certificate_type(certificate_no),
        {{ known_code('disability_list', 'disability_type', 'type_code', is_number=true) }}
    ) as disability_type,
    coalesce(
        rules.certificate_level(certificate_no),
        {{ known_code('disability_list', 'disability_level', 'level_code', is_number=true) }}
    ) as disability_level,
    rules.certificate_reissue(certificate_no) as reissue,
    case when issued <= _business_date then issued end as issued_on,
    rules.read_date(valid_until, _business_date) as valid_until,
    rules.mask_text(guardian_name) as guardian_name,
    rules.read_phone(guardian_phone) as guardian_phone,
    rules.mask_text(living_address) as living_address
from cleaned
