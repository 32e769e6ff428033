-- One row per registered person in the registry in force.
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with received as ({{ rows_in_force('household_registry') }}),

identified as (
    select
        *,
        {{ written_kind('household_registry', 'rules.clean(id_type)') }} as written_kind
    from received
    {{ computed_once() }}
),

documented as (
    select
        *,
        rules.document(written_kind, id_number, null) as document,
        rules.clean(relation_to_head) as relation,
        rules.read_int(residence_type) as residence_code,
        rules.read_int(status) as status_code
    from identified
    {{ computed_once() }}
),

kinded as (
    select
        *,
        {{ document_kind('document', 'written_kind') }} as kind
    from documented
    {{ computed_once() }}
)

select
    _batch_id as batch_id,
    _row_no as row_no,
    hashtextextended(_row_hash, 0) as row_digest,
    _business_date as business_date,
    _received_at as received_at,
    rules.clean(person_no) as person_no,
    rules.clean(id_type) as id_type,
    rules.mask(written_kind, id_number) as id_number_masked,
    kind as document_kind,
    rules.mask_text(full_name) as full_name,
    rules.read_sex(sex) as sex,
    rules.clean(ethnic_group) as ethnic_group,
    rules.read_birth_date(birth_date) as birth_date,
    rules.clean(household_no) as household_no,
    {{ well_formed('household_registry', 'relation_to_head', 'relation') }} as relation_to_head,
    {{ known_code('household_registry', 'residence_type', 'residence_code', is_number=true) }} as residence_type,
    rules.mask_text(registered_address) as registered_address,
    rules.mask_text(living_address) as living_address,
    rules.read_phone(phone) as phone,
    {{ known_code('household_registry', 'status', 'status_code', is_number=true) }} as status,
    rules.read_timestamp(updated_at) as updated_at
from kinded
