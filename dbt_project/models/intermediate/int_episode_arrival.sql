-- One row a registration that belongs to a home-isolation episode.
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
    arrival.dwelling_key,
    arrival.building_key,
    arrival.compound_key,
    arrival.committee_code,
    arrival.place_level,
    arrival.place_method,
    case arrival.place_level
        when 'dwelling' then 4 when 'building' then 3 when 'compound' then 2 when 'street' then 1 else 0
    end as level_rank
from {{ ref('fct_arrival') }} as arrival
inner join {{ ref('int_isolation_step') }} as step
    on
        arrival.person_key = step.person_key
        and arrival.arrived_on = step.arrived_on
        and step.is_in_episode
inner join {{ ref('int_episode') }} as episode
    on step.person_key = episode.person_key and step.episode_no = episode.episode_no
where arrival.was_home and (arrival.place_level <> 'outside' or arrival.moved_on is not null)
