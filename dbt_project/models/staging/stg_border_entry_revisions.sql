-- One row per usable revision of a border entry, newest or not: closings are read from what it said before.
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with received as ({{ usable_rows_in_force('border_entries') }}),

cleaned as (
    select
        *,
        coalesce(rules.read_int(revision), 1) as revision_no,
        upper(rules.clean(document_type)) as type_code,
        upper(rules.clean(nationality)) as nationality_code,
        upper(rules.clean(departed_country)) as departed_code,
        rules.read_timestamp(entered_at) as entered,
        rules.read_timestamp(recorded_at) as recorded,
        rules.resident_id(id_number) as resident_id,
        lower(rules.clean(disposition)) as disposition_code
    from received
    {{ computed_once() }}
),

identified as (
    select
        *,
        {{ written_kind('border_entries', 'type_code') }} as written_kind
    from cleaned
    {{ computed_once() }}
),

documented as (
    select
        *,
        rules.document(written_kind, document_no, nationality_code) as document
    from identified
    {{ computed_once() }}
)

select
    _batch_id as batch_id,
    _row_no as row_no,
    hashtextextended(_row_hash, 0) as row_digest,
    _business_date as business_date,
    _received_at as received_at,
    rules.clean(entry_id) as entry_id,
    revision_no as revision,
    type_code as document_type,
    rules.mask(written_kind, document_no) as document_no_masked,
    {{ document_kind('document', 'written_kind') }} as document_kind,
    nationality_code as nationality,
    rules.mask_text(name_latin) as name_latin,
    rules.mask_text(name_cn) as name_cn,
    rules.read_sex(sex) as sex,
    rules.read_birth_date(birth_date) as birth_date,
    upper(rules.clean(flight_no)) as flight_no,
    departed_code as departed_country,
    rules.clean(entry_port) as entry_port,
    entered as entered_at,
    cast(entered at time zone 'Asia/Shanghai' as date) as arrived_on,
    rules.mask_text(destination_address) as destination_address,
    rules.read_phone(phone) as phone,
    rules.mask('resident_id', id_number) as id_number_masked,
    case when resident_id is not null then 'resident_id' end as id_number_kind,
    {{ known_code('border_entries', 'disposition', 'disposition_code') }} as disposition,
    recorded as recorded_at,
    cast(recorded at time zone 'Asia/Shanghai' as date) as recorded_on,
    _is_superseded as is_superseded
from documented
