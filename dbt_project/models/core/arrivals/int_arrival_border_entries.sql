-- One row per border entry in force: what it registers, and what its earlier revisions said.
with revisions as (
    select
        entry_id,
        revision,
        -- A revision that doesn't say when it was recorded counts from the day it came (R-ISO-3).
        coalesce(recorded_on, business_date) as recorded_on,
        disposition,
        -- Sent twice under one number it is one revision, the later row's.
        row_number() over (partition by entry_id, revision order by batch_id desc, row_no desc) as newest
    from {{ ref('stg_border_entry_revisions') }}
),

spoken as (
    select
        entry_id,
        revision,
        recorded_on,
        disposition
    from revisions
    where newest = 1 and disposition is not null
),

last_home as (
    select
        entry_id,
        max(revision) as revision
    from spoken
    where disposition = 'home_isolation'
    group by entry_id
),

-- A revision closes what an earlier one said of home isolation (R-ISO-4).
closing as (
    select
        spoken.entry_id,
        min(spoken.recorded_on) as closed_on
    from spoken
    inner join last_home on spoken.entry_id = last_home.entry_id
    where spoken.revision > last_home.revision
    group by spoken.entry_id
),

last_said as (
    select
        entry_id,
        disposition,
        row_number() over (partition by entry_id order by revision desc) as newest
    from spoken
)

select
    'border_entries' as feed,
    entry.batch_id,
    entry.row_no,
    entry.business_date,
    entry.entry_id as record_code,
    entry.arrived_on,
    entry.recorded_at,
    entry.flight_no,
    true as is_border_entry,
    'border' as origin_kind,
    entry.departed_country as origin_code,
    country.country_name as origin_name,
    -- A disposition nobody can read must not let a person slip: what was said last, else home isolation.
    coalesce(last_said.disposition, 'home_isolation') as disposition,
    last_home.entry_id is not null or last_said.entry_id is null as was_home,
    closing.closed_on,
    moved.moved_on
from {{ ref('stg_border_entries') }} as entry
left join last_said on entry.entry_id = last_said.entry_id and last_said.newest = 1
left join last_home on entry.entry_id = last_home.entry_id
left join closing on entry.entry_id = closing.entry_id
left join {{ ref('int_last_place_here') }} as moved on entry.batch_id = moved.batch_id and entry.row_no = moved.row_no
left join {{ ref('countries') }} as country on entry.departed_country = country.country_code
