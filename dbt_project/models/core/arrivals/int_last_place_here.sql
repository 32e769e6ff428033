-- One row per border entry in force whose destination moved out of the street: since when, and its last place here.
with placed as (
    select feed, batch_id, row_no, dwelling_key, building_key, compound_key, committee_code, place_level, place_method
    from {{ source('linkage_build', 'record_link') }}
    union all
    select feed, batch_id, row_no, dwelling_key, building_key, compound_key, committee_code, place_level, place_method
    from {{ source('linkage_build', 'arrival_place') }}
),

revisions as (
    select
        told.batch_id,
        told.row_no,
        told.entry_id,
        told.revision,
        coalesce(told.recorded_on, told.business_date) as recorded_on,
        coalesce(told.disposition, 'home_isolation') = 'home_isolation' and placed.place_level <> 'outside' as is_here,
        placed.dwelling_key,
        placed.building_key,
        placed.compound_key,
        placed.committee_code,
        placed.place_level,
        placed.place_method
    from {{ ref('stg_border_entry_revisions') }} as told
    inner join placed
        on placed.feed = 'border_entries' and told.batch_id = placed.batch_id and told.row_no = placed.row_no
),

-- An episode that a destination outside closed keeps its last place here (R-ISO-3).
last_here as (
    select
        *,
        row_number() over (partition by entry_id order by revision desc, batch_id desc, row_no desc) as newest
    from revisions
    where is_here
)

select
    'border_entries' as feed,
    entry.batch_id,
    entry.row_no,
    (
        select min(later.recorded_on) from revisions as later
        where later.entry_id = entry.entry_id and later.revision > here.revision
    ) as moved_on,
    here.dwelling_key,
    here.building_key,
    here.compound_key,
    here.committee_code,
    here.place_level,
    here.place_method
from {{ ref('stg_border_entries') }} as entry
inner join revisions as now on entry.batch_id = now.batch_id and entry.row_no = now.row_no
inner join last_here as here on entry.entry_id = here.entry_id and here.newest = 1
where now.place_level = 'outside'
