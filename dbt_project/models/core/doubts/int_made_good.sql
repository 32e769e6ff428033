-- One row a received arrival for which a usable record stands: its own entry, or one of a later batch.
{%- set feeds = feeds_where('about_arrival') %}
with received as (
    {%- for feed in feeds %}
    select
        '{{ feed }}' as feed,
        received._batch_id as batch_id,
        received._row_no as row_no,
        batch.business_date,
        accepted.batch_id is not null as is_accepted,
        {{ entry_key(feed, 'received') }} as entry,
        -- In a feed without a key, what a registration tells of its person: the document, or the phone and the name (R-LIST-2).
        {%- if contracts()[feed].business_key %}
        cast(null as text) as document,
        cast(null as text) as phone_and_name
        {%- else %}
        {%- set number = said_in_role(feed, 'document_number', 'received') %}
        case when not rules.is_blank({{ number }}) then rules.document_text({{ number }}) end as document,
        rules.read_phone({{ said_in_role(feed, 'phone', 'received') }})
        || chr(31) || replace(rules.clean({{ said_in_role(feed, 'person_name', 'received') }}), ' ', '') as phone_and_name
        {%- endif %}
    from {{ source('raw', feed) }} as received
    inner join {{ source('ops', 'batch') }} as batch on received._batch_id = batch.batch_id
    left join {{ ref('stg_' ~ feed) }} as accepted
        on received._batch_id = accepted.batch_id and received._row_no = accepted.row_no
    where batch.business_date <= {{ as_of() }}
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select distinct
    broken.feed,
    broken.batch_id,
    broken.row_no
from received as broken
inner join received as usable on broken.feed = usable.feed and broken.entry = usable.entry and usable.is_accepted
union
select
    broken.feed,
    broken.batch_id,
    broken.row_no
from received as broken
inner join received as later
    on
        broken.feed = later.feed
        and (broken.document = later.document or broken.phone_and_name = later.phone_and_name)
        and (broken.business_date, broken.batch_id) < (later.business_date, later.batch_id)
        and later.is_accepted
where not broken.is_accepted
