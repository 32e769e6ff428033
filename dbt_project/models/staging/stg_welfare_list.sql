-- One row per person x benefit x first day in the list in force.
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with received as ({{ rows_in_force('welfare_list') }}),

cleaned as (
    select
        *,
        rules.number_kind(id_number) as kind,
        rules.clean(benefit) as benefit_name
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
    {{ known_code('welfare_list', 'benefit', 'benefit_name') }} as benefit,
    rules.read_date(started_on, _business_date) as started_on,
    rules.read_date(ended_on, _business_date) as ended_on,
    rules.read_numeric(monthly_amount) as monthly_amount,
    rules.clean(committee_name) as committee_name,
    rules.mask_text(living_address) as living_address,
    rules.read_phone(phone) as phone
from cleaned
