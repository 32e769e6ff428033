-- One row an accepted record whose home is not certain to the door (arrivals) or to the compound (residents).
with arrivals as (
    select
        arrival.feed,
        arrival.batch_id,
        arrival.row_no,
        arrival.committee_code,
        arrival.compound_key,
        arrival.business_date,
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
        arrival.dwelling_key is null
        and episode.dwelling_key is null
        and (
            -- To hand over to the other street.
            (
                arrival.place_level = 'outside'
                and arrival.disposition = 'home_isolation'
                and {{ as_of() }} < arrival.arrived_on + 14
            )
            or (arrival.place_level <> 'outside' and (arrival.was_home or arrival.disposition = 'none'))
        )
),

residents as (
    select
        'household_registry' as feed,
        registry.batch_id,
        registry.row_no,
        residence.committee_code,
        residence.compound_key,
        'place_' || residence.place_level as reason
    from {{ ref('fct_residence') }} as residence
    inner join {{ ref('int_registry_person') }} as registry on residence.person_key = registry.person_key
    where residence.place_level in ('street', 'unparsed')
)

select feed, batch_id, row_no, committee_code, compound_key, reason from arrivals
union all
select feed, batch_id, row_no, committee_code, compound_key, reason from residents
