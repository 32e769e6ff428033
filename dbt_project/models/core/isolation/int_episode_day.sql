-- One row per episode x day that it lasted, up to D, whatever a run left behind that day (R-DAY-6).
select
    cast(day.day as date) as business_date,
    episode.episode_key,
    episode.person_key,
    episode.compound_key,
    episode.committee_code,
    episode.colour
from {{ ref('fct_isolation_episode') }} as episode
cross join
    lateral generate_series(
        episode.first_started_on, least(episode.release_on - 1, {{ as_of() }}), interval '1 day'
    ) as day (day)
