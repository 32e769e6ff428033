-- One row per duty: the checks and releases of D and the day before, and every visit that is waited for.
with isolation_days as (
    select
        episode.person_key, episode.dwelling_key, episode.building_key, episode.compound_key, episode.committee_code,
        day.due_on,
        case when day.due_on < episode.release_on then 'each_day' else 'on_release' end as rule,
        row_number() over (partition by episode.person_key, day.due_on order by episode.started_on desc) as newest
    from {{ ref('fct_isolation_episode') }} as episode
    inner join (values ({{ as_of() }} - 1), ({{ as_of() }})) as day (due_on)
        on
            episode.first_started_on <= day.due_on
            and (
                day.due_on < episode.release_on
                or (day.due_on = episode.release_on and episode.status = 'completed')
            )
),

asked as (
    select
        'isolating' as tag, rule, person_key, dwelling_key, building_key, compound_key, committee_code, due_on
    from isolation_days
    where newest = 1
    union all
    -- Without a visit on record: spread evenly over the days of the cadence, the same day for the same person (R-DUTY-3).
    select
        tagged.tag,
        'until_visited' as rule,
        tagged.person_key, tagged.dwelling_key, tagged.building_key, tagged.compound_key, tagged.committee_code,
        person.first_seen_on
        + cast(cast(cast('x' || left(md5(tagged.person_key), 8) as bit(32)) as bigint) % tag.visit_every_days as integer) as due_on
    from {{ ref('int_person_tag') }} as tagged
    inner join {{ ref('tags') }} as tag on tagged.tag = tag.tag
    inner join {{ ref('dim_person') }} as person on tagged.person_key = person.person_key
    where tag.visit_every_days > 1
)

select
    md5(concat_ws('|', duty.duty, asked.person_key, asked.due_on)) as duty_key,
    duty.scenario,
    duty.duty,
    duty.reason_zh as reason,
    asked.rule,
    asked.person_key,
    person.full_name,
    person.phone,
    asked.dwelling_key,
    asked.building_key,
    asked.compound_key,
    asked.committee_code,
    asked.due_on,
    (asked.due_on + cast(duty.due_time as time)) at time zone 'Asia/Shanghai' as due_at,
    case when person.age < {{ var('minor_age') }} then duty.priority_of_minors else duty.priority end as priority,
    -- The kinds of visit (事项 of visit_log) of which any closes it.
    duty.closes_on
from asked
inner join {{ ref('duties') }} as duty on asked.tag = duty.tag and asked.rule = duty.rule
inner join {{ ref('dim_person') }} as person on asked.person_key = person.person_key
