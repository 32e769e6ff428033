-- One row per border entry: its highest usable revision.
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with ranked as (
    select
        *,
        -- Across batches too the newest version of a key is in force (R-ROW-9).
        row_number() over (
            partition by entry_id
            order by revision desc, batch_id desc, row_no desc
        ) as newest
    from {{ ref('stg_border_entry_revisions') }}
    where not is_superseded
)

select
    batch_id,
    row_no,
    row_digest,
    business_date,
    received_at,
    entry_id,
    revision,
    document_type,
    document_no_masked,
    document_kind,
    nationality,
    name_latin,
    name_cn,
    sex,
    birth_date,
    flight_no,
    departed_country,
    entry_port,
    entered_at,
    arrived_on,
    destination_address,
    phone,
    id_number_masked,
    id_number_kind,
    disposition,
    recorded_at,
    recorded_on
from ranked
where newest = 1
