-- One row per returnee's registration in force: where from, and how isolated as far as it says so.
with told as (
    select
        *,
        -- What 隔离方式 begins with (R-ISO-7).
        case
            when isolation like '居家%' then 'home_isolation'
            when isolation like '集中%' then 'central_isolation'
            when isolation like '无需%' then 'none'
        end as disposition
    from {{ ref('stg_returnees') }}
)

select
    'returnees' as feed,
    told.batch_id,
    told.row_no,
    told.business_date,
    told.batch_id || '-' || told.row_no as record_code,
    told.arrived_on,
    told.received_at as recorded_at,
    cast(null as text) as flight_no,
    false as is_border_entry,
    -- What can't be read is taken for elsewhere in China, and shown without a name (R-ISO-8).
    coalesce(origin.origin_kind, 'domestic') as origin_kind,
    origin.origin_code,
    origin.origin_name,
    told.disposition,
    told.disposition = 'home_isolation' as was_home,
    cast(null as date) as closed_on,
    cast(null as date) as moved_on
from told
left join {{ ref('int_returnee_origin') }} as origin on told.origin = origin.origin
