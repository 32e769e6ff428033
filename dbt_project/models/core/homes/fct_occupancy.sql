-- One row per dwelling: how it is occupied at D, by the newest evidence.
with ranked as (
    select
        *,
        -- Newest first; on a tie the property company's word, then the later row (R-HOME-6).
        row_number() over (
            partition by dwelling_key
            order by known_on desc nulls last, source_rank asc, batch_id desc, row_no desc
        ) as newest
    from {{ ref('int_occupancy_evidence') }}
)

select
    dwelling.dwelling_key,
    case when dwelling.usage = 1 then coalesce(evidence.occupancy, 'unknown') end as occupancy,
    evidence.source as occupancy_source,
    evidence.shown_on as occupancy_on,
    coalesce(evidence.is_renovating, false) as is_renovating,
    -- Vacant by the evidence, and somebody lives there (R-HOME-8).
    coalesce(evidence.occupancy = 'vacant' and door.residents > 0, false) as is_occupied_conflict
from {{ ref('dim_dwelling') }} as dwelling
left join ranked as evidence
    on dwelling.dwelling_key = evidence.dwelling_key and evidence.newest = 1 and dwelling.usage = 1
left join {{ ref('int_door') }} as door on dwelling.dwelling_key = door.dwelling_key
