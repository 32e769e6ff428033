-- One row per fever that a visit measured: whoever has it is measured again within the hour (R-VISIT-6).
select
    md5(concat_ws('|', duty.duty, visit.visit_key)) as duty_key,
    duty.scenario,
    {{ code_label('scenario', 'duty.scenario') }} as scenario_zh,
    duty.duty,
    duty.label_zh as duty_zh,
    duty.reason_zh as reason,
    'on_fever' as rule,
    visit.person_key,
    person.full_name,
    person.phone,
    visit.dwelling_key,
    visit.building_key,
    visit.compound_key,
    visit.committee_code,
    visit.visited_at as opened_at,
    cast(due.due_at at time zone 'Asia/Shanghai' as date) as due_on,
    due.due_at,
    duty.priority,
    duty.closes_on
from {{ ref('int_visit') }} as visit
inner join {{ ref('duties') }} as duty on duty.duty = 'fever_followup'
cross join
    lateral (
        select visit.visited_at + {{ var('fever_followup_minutes') }} * interval '1 minute' as due_at
    ) as due
left join {{ ref('dim_person') }} as person on visit.person_key = person.person_key
where visit.temperature_c >= {{ var('fever_celsius') }}
