-- One row per kind of duty that is asked for on D: the standing ones (R-DUTY-1), and those of the scenarios that run.
with running as (
    select scenario, title_zh, runs_from, definition, definition -> 'isolation' <> 'null' as is_of_isolation
    from ops.scenario_in_force({{ as_of() }})
),

-- Of what several scenarios make of a standing duty the shortest cadence wins (R-SCEN-4).
changed as (
    select change.duty, min(change.every_days) as every_days
    from running
    cross join lateral jsonb_to_recordset(running.definition -> 'changes') as change (duty text, every_days integer)
    group by change.duty
)

select
    duty.duty,
    duty.label_zh,
    duty.reason_zh,
    duty.scenario,
    {{ code_label('scenario', 'duty.scenario') }} as scenario_zh,
    false as is_of_isolation,
    cast(null as date) as runs_from,
    -- Asked of whoever has the tag.
    duty.tag,
    'until_visited' as rule,
    least(duty.every_days, changed.every_days) as every_days,
    duty.due_time,
    duty.priority,
    duty.priority as priority_of_minors,
    duty.closes_on
from {{ ref('duties') }} as duty
left join changed on duty.duty = changed.duty
union all
select
    asked.duty,
    asked.label_zh,
    coalesce(asked.reason_zh, running.title_zh) as reason_zh,
    running.scenario,
    running.title_zh as scenario_zh,
    running.is_of_isolation,
    running.runs_from,
    -- Asked of whoever the scenario means.
    cast(null as text) as tag,
    case
        when asked.due_on = 'release' then 'on_release'
        when asked.every_days = 1 then 'each_day'
        else 'until_visited'
    end as rule,
    asked.every_days,
    asked.due as due_time,
    asked.priority,
    coalesce(asked.priority_of_minors, asked.priority) as priority_of_minors,
    asked.closes_on
from running
cross join
    lateral jsonb_to_recordset(running.definition -> 'duties') as asked (
        duty text, label_zh text, reason_zh text, every_days integer, due_on text, due text, priority integer,
        priority_of_minors integer, closes_on text[]
    )
