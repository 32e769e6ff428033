-- One row per registration that belongs to a home-isolation episode.
select
    episode.episode_key,
    arrival.feed,
    arrival.batch_id,
    arrival.row_no,
    arrival.person_key,
    arrival.arrived_on,
    arrival.recorded_at,
    arrival.origin_kind,
    arrival.origin_code,
    arrival.origin_name,
    arrival.colour,
    arrival.colour_rule,
    arrival.disposition,
    -- Of a destination that has moved out of the street the last place here.
    coalesce(arrival.dwelling_key, here.dwelling_key) as dwelling_key,
    coalesce(arrival.building_key, here.building_key) as building_key,
    coalesce(arrival.compound_key, here.compound_key) as compound_key,
    coalesce(arrival.committee_code, here.committee_code) as committee_code,
    coalesce(here.place_level, arrival.place_level) as place_level,
    coalesce(here.place_method, arrival.place_method) as place_method,
    {{ place_rank('coalesce(here.place_level, arrival.place_level)') }} as level_rank
from {{ ref('fct_arrival') }} as arrival
inner join {{ ref('int_isolation_step') }} as step
    on
        arrival.person_key = step.person_key
        and arrival.arrived_on = step.arrived_on
        and step.is_in_episode
inner join {{ ref('int_episode') }} as episode
    on step.person_key = episode.person_key and step.episode_no = episode.episode_no
left join {{ ref('int_last_place_here') }} as here
    on
        arrival.feed = here.feed
        and arrival.batch_id = here.batch_id
        and arrival.row_no = here.row_no
where arrival.isolation_kind = 'home' and not arrival.is_overruled
