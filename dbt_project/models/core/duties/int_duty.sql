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

-- Whom the other duties are asked for: of a standing one who has its tag, of a scenario's whom it means.
asked_of as (
    select
        kind.duty, kind.rule, kind.every_days, kind.runs_from,
        tagged.person_key, tagged.dwelling_key, tagged.building_key, tagged.compound_key, tagged.committee_code
    from {{ ref('int_duty_kind') }} as kind
    inner join {{ ref('int_person_tag') }} as tagged on kind.tag = tagged.tag
    union all
    select
        kind.duty, kind.rule, kind.every_days, kind.runs_from,
        meant.person_key, meant.dwelling_key, meant.building_key, meant.compound_key, meant.committee_code
    from {{ ref('int_duty_kind') }} as kind
    inner join {{ ref('int_scenario_person') }} as meant on kind.scenario = meant.scenario and not meant.is_unknown
    where not kind.is_of_isolation
),

asked as (
    select
        kind.duty, day.person_key, day.dwelling_key, day.building_key, day.compound_key, day.committee_code, day.due_on
    from isolation_days as day
    inner join {{ ref('int_duty_kind') }} as kind on day.rule = kind.rule and kind.is_of_isolation
    where day.newest = 1
    union all
    select
        asked_of.duty, asked_of.person_key, asked_of.dwelling_key, asked_of.building_key, asked_of.compound_key,
        asked_of.committee_code, day.due_on
    from asked_of
    inner join (values ({{ as_of() }} - 1), ({{ as_of() }})) as day (due_on) on asked_of.runs_from <= day.due_on
    where asked_of.rule = 'each_day'
    union all
    -- Without a visit on record: spread evenly over the days of the cadence, the same day for the same person (R-DUTY-3).
    select
        asked_of.duty, asked_of.person_key, asked_of.dwelling_key, asked_of.building_key, asked_of.compound_key,
        asked_of.committee_code,
        greatest(person.first_seen_on, asked_of.runs_from)
        + cast(cast(cast('x' || left(md5(asked_of.person_key), 8) as bit(32)) as bigint) % asked_of.every_days as integer) as due_on
    from asked_of
    inner join {{ ref('dim_person') }} as person on asked_of.person_key = person.person_key
    where asked_of.rule = 'until_visited'
)

select
    md5(concat_ws('|', kind.duty, asked.person_key, asked.due_on)) as duty_key,
    kind.scenario,
    kind.scenario_zh,
    kind.duty,
    kind.label_zh as duty_zh,
    kind.reason_zh as reason,
    kind.rule,
    asked.person_key,
    person.full_name,
    person.phone,
    asked.dwelling_key,
    asked.building_key,
    asked.compound_key,
    asked.committee_code,
    asked.due_on,
    (asked.due_on + cast(kind.due_time as time)) at time zone 'Asia/Shanghai' as due_at,
    case when person.age < {{ var('minor_age') }} then kind.priority_of_minors else kind.priority end as priority,
    kind.every_days,
    -- The kinds of visit (事项 of visit_log) of which any closes it.
    kind.closes_on
from asked
inner join {{ ref('int_duty_kind') }} as kind on asked.duty = kind.duty
inner join {{ ref('dim_person') }} as person on asked.person_key = person.person_key
