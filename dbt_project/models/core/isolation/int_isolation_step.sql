-- One row per person x day that bears on isolation: the episode it opens, joins, restarts or closes.
with recursive step as (
    select
        person_key,
        step,
        arrived_on,
        kind,
        case when kind = 'home' then 1 else 0 end as episode_no,
        kind = 'home' as is_in_episode,
        case when kind = 'home' then arrived_on end as started_on,
        case when kind = 'home' then arrived_on end as first_started_on,
        case when kind = 'home' then '' end as earlier_starts,
        case when kind = 'home' then closed_on end as closed_on,
        'transferred' as closed_as,
        -- Central isolation from the arrival on; a transfer counts as such from its day.
        case when kind = 'central' then arrived_on else closed_on end + {{ isolation_days() }} as blocked_until
    from {{ ref('int_isolation_day') }}
    where step = 1
    union all
    select
        day.person_key,
        day.step,
        day.arrived_on,
        day.kind,
        before.episode_no + cast(now.opens as integer) as episode_no,
        now.opens or now.joins as is_in_episode,
        case when now.opens or now.restarts then day.arrived_on else before.started_on end as started_on,
        case when now.opens then day.arrived_on else before.first_started_on end as first_started_on,
        case
            when now.opens then ''
            when now.restarts then concat_ws(',', nullif(before.earlier_starts, ''), before.started_on)
            else before.earlier_starts
        end as earlier_starts,
        case
            when now.opens then day.closed_on
            when now.joins then least(before.closed_on, day.closed_on)
            when now.closes then day.arrived_on
            else before.closed_on
        end as closed_on,
        -- Released by a visit (R-ISO-3), unless it is joined by an entry that was transferred before that.
        case
            when now.closes and day.kind = 'release' then 'released_early'
            when now.opens or now.closes or (now.joins and day.closed_on < before.closed_on) then 'transferred'
            else before.closed_as
        end as closed_as,
        case
            when day.kind = 'central' then day.arrived_on + {{ isolation_days() }}
            when now.opens then day.closed_on + {{ isolation_days() }}
            when now.joins then least(before.closed_on, day.closed_on) + {{ isolation_days() }}
            else before.blocked_until
        end as blocked_until
    from step as before
    inner join {{ ref('int_isolation_day') }} as day
        on before.person_key = day.person_key and day.step = before.step + 1
    cross join
        lateral (
            -- Within it: before the release of the episode as it stands.
            select coalesce(day.arrived_on < least(before.closed_on, before.started_on + {{ isolation_days() }}), false) as is_within
        ) as span
    cross join lateral (
        select
            day.kind = 'home' and span.is_within as joins,
            -- A registration joins, a new border entry restarts (R-ISO-5).
            day.kind = 'home' and span.is_within and day.is_new_entry as restarts,
            -- After a central arrival only a new border entry begins a home episode (R-ISO-6).
            day.kind = 'home' and not span.is_within
            and (day.is_new_entry or coalesce(day.arrived_on >= before.blocked_until, true)) as opens,
            day.kind in ('central', 'release') and span.is_within as closes
    ) as now
)

select
    person_key,
    step,
    arrived_on,
    kind,
    episode_no,
    is_in_episode,
    kind = 'home' and not is_in_episode as is_after_central,
    started_on,
    first_started_on,
    earlier_starts,
    closed_on,
    closed_as
from step
