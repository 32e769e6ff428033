-- One row per received arrival up to D, usable or not: why it can't be used, and what tells it again elsewhere.
{%- set feeds = feeds_where('about_arrival') %}
{%- for feed in feeds %}
select
    '{{ feed }}' as feed,
    received._batch_id as batch_id,
    received._row_no as row_no,
    batch.business_date,
    case
        when batch.status <> 'accepted' then 'batch_rejected'
        else broken.rules[1]
    end as unusable_for,
    accepted.batch_id is not null as is_in_force,
    {{ entry_key(feed, 'received') }} as entry,
    -- In a feed without a key: the row as it was sent, and what it tells of its person, the document, or phone and name.
    {%- if contracts()[feed].business_key %}
    cast(null as text) as row_hash,
    cast(null as text) as document,
    cast(null as text) as phone_and_name
    {%- else %}
    {%- set number = said_in_role(feed, 'document_number', 'received') %}
    received._row_hash as row_hash,
    case when not rules.is_blank({{ number }}) then rules.document_text({{ number }}) end as document,
    rules.read_phone({{ said_in_role(feed, 'phone', 'received') }})
    || chr(31) || replace(rules.clean({{ said_in_role(feed, 'person_name', 'received') }}), ' ', '') as phone_and_name
    {%- endif %}
from {{ source('raw', feed) }} as received
inner join {{ source('ops', 'batch') }} as batch on received._batch_id = batch.batch_id
left join {{ source('quarantine', feed) }} as broken
    on received._batch_id = broken.batch_id and received._row_no = broken.row_no
left join {{ ref('stg_' ~ feed) }} as accepted
    on received._batch_id = accepted.batch_id and received._row_no = accepted.row_no
where batch.status in ('accepted', 'rejected', 'failed') and batch.business_date <= {{ as_of() }}
{{ "union all" if not loop.last }}
{%- endfor %}
