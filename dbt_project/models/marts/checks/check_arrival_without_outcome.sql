-- One row per received arrival that is in no episode and in no list, and of which no rule says why.
with accounted as (
    select member.feed, member.batch_id, member.row_no
    from {{ ref('int_episode_arrival') }} as member
    inner join {{ ref('fct_isolation_episode') }} as episode on member.episode_key = episode.episode_key
    union
    select feed, batch_id, row_no from {{ ref('int_unresolved_row') }}
    union
    select feed, batch_id, row_no from {{ ref('int_unresolved_place') }}
    union
    select feed, batch_id, row_no from {{ ref('int_unresolved_person') }}
    union
    -- No home isolation in this street, and a place that is known as far as it matters (R-CHECK-3).
    select feed, batch_id, row_no from {{ ref('fct_arrival') }}
    where
        is_overruled
        or isolation_kind = 'central'
        or (isolation_kind = 'none' and (dwelling_key is not null or place_level = 'outside'))
        or (
            isolation_kind = 'elsewhere'
            and (disposition <> 'home_isolation' or arrived_on + {{ isolation_days() }} <= {{ as_of() }})
        )
    union
    select feed, batch_id, row_no from {{ ref('int_arrival') }}
    where arrived_on > {{ as_of() }}
),

-- One entry, or the same row sent again, is one arrival, whichever of its revisions and equal rows is accounted for; a
-- broken row stands by itself.
received as (
    select
        *,
        unusable_for is null as is_usable,
        case when unusable_for is null then coalesce(entry, row_hash) end as arrival
    from {{ ref('int_received_arrival') }}
),

entries as (
    select
        received.feed,
        received.batch_id,
        received.row_no,
        bool_or(accounted.feed is not null or (not received.is_usable and good.feed is not null)) over of_entry
            as is_accounted,
        row_number() over (of_entry order by received.batch_id desc, received.row_no desc) as newest
    from received
    left join accounted
        on
            received.feed = accounted.feed
            and received.batch_id = accounted.batch_id
            and received.row_no = accounted.row_no
    left join {{ ref('int_made_good') }} as good
        on
            received.feed = good.feed
            and received.batch_id = good.batch_id
            and received.row_no = good.row_no
    window of_entry as (
        partition by
            received.feed, received.is_usable, received.arrival,
            case when received.arrival is null then received.batch_id end,
            case when received.arrival is null then received.row_no end
    )
)

select
    feed,
    batch_id,
    row_no
from entries
where newest = 1 and not is_accounted
