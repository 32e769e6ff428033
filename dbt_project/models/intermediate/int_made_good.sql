-- One row a received arrival for which a usable record stands: its own entry, or one of a later batch.
with entry as (
    select
        'border_entries' as feed,
        received._batch_id as batch_id,
        received._row_no as row_no
    from {{ source('raw', 'border_entries') }} as received
    where rules.clean(received.entry_id) in (select entry_id from {{ ref('stg_border_entries') }})
),

-- What a registration tells of its person: the document, or the phone and the name.
registered as (
    select
        received._batch_id as batch_id,
        received._row_no as row_no,
        case when not rules.is_blank(received.id_number) then rules.document_text(received.id_number) end as document,
        rules.read_phone(received.phone) || chr(31) || replace(rules.clean(received.full_name), ' ', '') as phone_and_name,
        batch.business_date,
        accepted.batch_id is not null as is_accepted
    from {{ source('raw', 'returnees') }} as received
    inner join {{ source('ops', 'batch') }} as batch on received._batch_id = batch.batch_id
    left join {{ ref('stg_returnees') }} as accepted
        on received._batch_id = accepted.batch_id and received._row_no = accepted.row_no
    where batch.business_date <= {{ as_of() }}
),

registration as (
    select distinct
        'returnees' as feed,
        broken.batch_id,
        broken.row_no
    from registered as broken
    inner join registered as later
        on
            (later.document = broken.document or later.phone_and_name = broken.phone_and_name)
            and (later.business_date, later.batch_id) > (broken.business_date, broken.batch_id)
            and later.is_accepted
    where not broken.is_accepted
)

select
    feed,
    batch_id,
    row_no
from entry
union all
select
    feed,
    batch_id,
    row_no
from registration
