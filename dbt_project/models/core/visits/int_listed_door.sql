-- One row per person x list in force x door at which it has them living: the order of R-HOME-1, without the visits.
{{ config(indexes=[{'columns': ['person_key']}]) }}

select
    person_key,
    dwelling_key,
    arrived_on as since,
    case when isolation_kind = 'home' then arrived_on + {{ isolation_days() }} end as isolating_until,
    4 as source_rank
from {{ ref('fct_arrival') }}
where
    dwelling_key is not null
    and not is_overruled
    and (
        isolation_kind = 'home'
        or (disposition = 'none' and arrived_on > {{ as_of() }} - {{ var('residence_evidence_days') }})
    )
union all
select
    person_key,
    dwelling_key,
    cast(null as date) as since,
    cast(null as date) as isolating_until,
    2 as source_rank
from {{ ref('int_registry_person') }}
where is_living_here and dwelling_key is not null
union all
select
    link.person_key,
    link.dwelling_key,
    coalesce(told.registered_on, told.business_date) as since,
    cast(null as date) as isolating_until,
    3 as source_rank
from {{ ref('stg_property_occupancy') }} as told
inner join {{ source('linkage_build', 'record_link') }} as link
    on told.batch_id = link.batch_id and told.row_no = link.row_no and link.feed = 'property_occupancy'
where
    link.person_key is not null
    and link.dwelling_key is not null
    and coalesce(told.registered_on, told.business_date) > {{ as_of() }} - {{ var('residence_evidence_days') }}
union all
-- The registered address counts for 人户一致 alone.
select
    person_key,
    registered_dwelling_key as dwelling_key,
    cast(null as date) as since,
    cast(null as date) as isolating_until,
    5 as source_rank
from {{ ref('int_registry_person') }}
where is_living_here and residence_type = 1 and registered_dwelling_key is not null
