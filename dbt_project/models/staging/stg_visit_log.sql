-- One row per visit of the last days that a visit counts: of each number of a source the newest row.
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with received as ({{ rows_in_force('visit_log') }}),

ranked as (
    select
        received.*,
        batch.source as _source,
        rules.read_timestamp(received.visited_at) as at,
        row_number() over (
            partition by batch.source, rules.clean(received.visit_no)
            order by received._batch_id desc, received._row_no desc
        ) as newest
    from received
    inner join {{ source('ops', 'batch') }} as batch on received._batch_id = batch.batch_id
),

cleaned as (
    select
        *,
        rules.clean(kind) as kind_name,
        rules.number_kind(document_or_phone) as number_kind
    from ranked
    where newest = 1 and at >= ({{ as_of() }} - {{ var('visit_days') }}) at time zone 'Asia/Shanghai'
    {{ computed_once() }}
)

select
    _batch_id as batch_id,
    _row_no as row_no,
    hashtextextended(_row_hash, 0) as row_digest,
    _business_date as business_date,
    _received_at as received_at,
    _source as source,
    rules.clean(visit_no) as visit_no,
    {{ well_formed('visit_log', 'committee_code', 'rules.clean(committee_code)') }} as committee_code,
    rules.mask_text(visitor) as visitor,
    rules.mask_text(full_name) as full_name,
    rules.mask(number_kind, document_or_phone) as document_or_phone_masked,
    number_kind as document_kind,
    rules.mask_text(compound_name) as compound_name,
    rules.mask_text(building_no) as building_no,
    rules.mask_text(room_no) as room_no,
    {{ known_code('visit_log', 'kind', 'kind_name') }} as kind,
    rules.read_temperature(temperature) as temperature_c,
    rules.visit_outcome(result) as outcome,
    rules.mask_text(result) as result,
    at as visited_at,
    rules.mask_text(note) as note,
    rules.clean(dwelling_key) as dwelling_key,
    rules.clean(person_key) as person_key
from cleaned
