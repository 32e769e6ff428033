-- Every accepted arrival that was told to stay at home in this street has an episode with a certain door, or is listed.
select count(*) as omitted
from {{ ref('fct_arrival') }} as arrival
left join {{ ref('int_episode_arrival') }} as member
    on arrival.feed = member.feed and arrival.batch_id = member.batch_id and arrival.row_no = member.row_no
left join {{ ref('isolation_episode') }} as episode on member.episode_key = episode.episode_key
where
    arrival.disposition = 'home_isolation'
    and arrival.place_level <> 'outside'
    and (episode.episode_key is null or episode.dwelling_key is null)
    and not exists (
        select 1 from {{ ref('unresolved') }} as listed
        where
            listed.feed = arrival.feed
            and listed.batch_id = arrival.batch_id
            and listed.row_no = arrival.row_no
    )
    -- On a day that also brought central isolation, that holds.
    and not exists (
        select 1 from {{ ref('int_isolation_day') }} as day
        where
            day.person_key = arrival.person_key
            and day.arrived_on = arrival.arrived_on
            and day.kind = 'central'
    )
    and (arrival.dwelling_key is null or episode.episode_key is null)
having count(*) > 0
