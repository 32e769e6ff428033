-- One row per isolating person whose door is not certain and who is in no list, at the newest registration.
with members as (
    select
        member.feed,
        member.batch_id,
        member.row_no,
        bool_or(listed.feed is not null) over (partition by member.episode_key) as is_listed,
        row_number() over (
            partition by member.episode_key
            order by member.arrived_on desc, member.batch_id desc, member.row_no desc
        ) as newest
    from {{ ref('int_episode_arrival') }} as member
    inner join {{ ref('fct_isolation_episode') }} as episode on member.episode_key = episode.episode_key
    left join {{ ref('int_unresolved_place') }} as listed
        on
            member.feed = listed.feed
            and member.batch_id = listed.batch_id
            and member.row_no = listed.row_no
    where episode.status = 'isolating' and episode.dwelling_key is null
)

select
    feed,
    batch_id,
    row_no
from members
where newest = 1 and not is_listed
