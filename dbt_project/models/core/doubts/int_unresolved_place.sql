-- One row per accepted record whose home is not certain to the door (arrivals) or to the compound (residents).
with arrivals as (
    select
        arrival.feed,
        arrival.batch_id,
        arrival.row_no,
        arrival.committee_code,
        arrival.compound_key,
        -- A destination in another street makes no episode and is handed over (R-ISO-10).
        case
            when arrival.place_level = 'outside' then 'outside_street'
            else 'place_' || arrival.place_level
        end as reason
    from {{ ref('fct_arrival') }} as arrival
    left join {{ ref('int_episode_arrival') }} as member
        on
            arrival.feed = member.feed
            and arrival.batch_id = member.batch_id
            and arrival.row_no = member.row_no
    left join {{ ref('fct_isolation_episode') }} as episode on member.episode_key = episode.episode_key
    where
        -- What another registration of the day overrules says nothing of the person's place (R-ISO-15).
        not arrival.is_overruled
        and case
            when arrival.place_level = 'outside'
                -- To hand over to the other street.
                then arrival.disposition = 'home_isolation' and {{ as_of() }} < arrival.arrived_on + {{ isolation_days() }}
            else
                arrival.dwelling_key is null
                and episode.dwelling_key is null
                and (arrival.was_home or arrival.disposition = 'none')
        end
),

-- A resident nobody can place stands at the record that says so, the registry's first; an arrival stands above.
speaking as (
    select
        link.feed,
        link.batch_id,
        link.row_no,
        link.committee_code,
        link.compound_key,
        'place_' || residence.place_level as reason,
        row_number() over (
            partition by residence.person_key
            order by
                link.place_level <> residence.place_level,
                link.feed not in ('{{ feeds_with_role("registered_address") | join("', '") }}'),
                link.batch_id desc, link.row_no desc
        ) as choice
    from {{ ref('fct_residence') }} as residence
    inner join {{ source('linkage_build', 'record_link') }} as link on residence.person_key = link.person_key
    where
        residence.place_level in ('street', 'unparsed')
        and link.feed not in ('{{ feeds_where("about_arrival") | join("', '") }}')
),

-- Whose home nobody knows is listed (R-LIST-1).
residents as (
    select feed, batch_id, row_no, committee_code, compound_key, reason
    from speaking
    where choice = 1
)

select feed, batch_id, row_no, committee_code, compound_key, reason from arrivals
union all
select feed, batch_id, row_no, committee_code, compound_key, reason from residents
