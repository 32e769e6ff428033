-- One row per home-isolation episode that has begun by D.
with tellings as (
    select
        episode_key,
        string_agg(distinct feed, ',' order by feed) as source_feeds,
        cast(count(*) as integer) as registrations
    from {{ ref('int_episode_arrival') }}
    group by episode_key
),

last_said as (
    select
        episode_key,
        disposition,
        row_number() over (
            partition by episode_key
            order by arrived_on desc, recorded_at desc nulls last, batch_id desc, row_no desc
        ) as newest
    from {{ ref('int_episode_arrival') }}
)

select
    episode.episode_key,
    episode.person_key,
    episode.started_on,
    episode.first_started_on,
    episode.earlier_starts,
    episode.release_on,
    episode.status,
    case when episode.status = 'isolating' then {{ as_of() }} - episode.started_on + 1 end as day_no,
    last_said.disposition,
    origin.origin_kind,
    origin.origin_code,
    origin.origin_name,
    origin.colour,
    place.dwelling_key,
    place.building_key,
    place.compound_key,
    place.committee_code,
    place.place_level,
    place.place_method,
    tellings.source_feeds,
    tellings.registrations
from {{ ref('int_episode') }} as episode
inner join {{ ref('int_episode_place') }} as place on episode.episode_key = place.episode_key
inner join {{ ref('int_episode_origin') }} as origin on episode.episode_key = origin.episode_key
inner join tellings on episode.episode_key = tellings.episode_key
inner join last_said on episode.episode_key = last_said.episode_key and last_said.newest = 1
