-- One row per episode: the newest registration certain to the door, else the finest.
with ranked as (
    select
        *,
        -- The newest that is certain to the door (R-ISO-9).
        row_number() over (
            partition by episode_key
            order by level_rank desc, arrived_on desc, recorded_at desc nulls last, batch_id desc, row_no desc
        ) as finest
    from {{ ref('int_episode_arrival') }}
)

select
    place.episode_key,
    place.building_key,
    place.compound_key,
    place.committee_code,
    coalesce(place.dwelling_key, registry.dwelling_key) as dwelling_key,
    case when registry.dwelling_key is not null then 'dwelling' else place.place_level end as place_level,
    -- The person's registered door, when the record's building agrees (R-PLACE-10).
    case when registry.dwelling_key is not null then 'person' else place.place_method end as place_method
from ranked as place
left join {{ ref('int_registry_person') }} as registry
    on
        place.person_key = registry.person_key
        and registry.is_living_here
        and place.dwelling_key is null
        and place.building_key = registry.building_key
where place.finest = 1
