-- One row per home-isolation episode.
select
    episode_key,
    person_key,
    dwelling_key,
    building_key,
    compound_key,
    committee_code,
    place_level,
    place_method,
    origin_kind,
    origin_code,
    origin_name,
    colour,
    started_on,
    cast(string_to_array(nullif(earlier_starts, ''), ',') as date[]) as earlier_starts,
    release_on,
    status,
    day_no,
    disposition,
    cast(null as integer) as breaches,
    string_to_array(source_feeds, ',') as source_feeds,
    {{ as_of() }} as as_of
from {{ ref('fct_isolation_episode') }}
