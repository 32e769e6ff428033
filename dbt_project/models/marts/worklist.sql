-- One row per duty of D: what is due and what a visit has closed of it, and every visit that is waited for.
{%- set is_known = is_any_connected(['visit_log']) %}
{%- set status -%}
    case
        when duty.done_at is not null then 'done'
        -- Nothing is overdue while nobody could have told that it was done (R-DUTY-3).
        when duty.due_at < {{ as_of_at() }} and {{ is_known }} then 'overdue'
        else 'open'
    end
{%- endset %}
select
    duty.duty_key,
    duty.scenario,
    duty.scenario_zh,
    duty.committee_code,
    {{ looked_up('committees', 'committee_code', 'duty.committee_code', 'committee_name') }} as committee_name,
    duty.compound_key,
    coalesce(dwelling.compound_name, compound.compound_name) as compound_name,
    duty.building_key,
    coalesce(dwelling.building_no, building.building_no) as building_no,
    building.building_name,
    dwelling.room_no,
    duty.dwelling_key,
    duty.person_key,
    duty.full_name,
    duty.phone,
    duty.duty,
    duty.duty_zh,
    duty.reason,
    duty.due_at,
    duty.due_on,
    cast(extract(hour from duty.due_at at time zone 'Asia/Shanghai') as integer) as due_hour,
    {{ status }} as status,
    {{ code_label('duty_status', status) }} as status_zh,
    duty.done_at,
    duty.done_at > duty.due_at as is_late,
    case when {{ is_known }} then duty.attempts end as attempts,
    duty.priority,
    duty.closes_on,
    {{ as_of() }} as as_of
from {{ ref('int_duty_due') }} as duty
left join {{ ref('dim_dwelling') }} as dwelling on duty.dwelling_key = dwelling.dwelling_key
left join {{ ref('dim_building') }} as building on duty.building_key = building.building_key
left join {{ ref('dim_compound') }} as compound
    on duty.compound_key = compound.compound_key and duty.committee_code = compound.committee_code
-- Yesterday's checks and releases belong to a closed day; a visit stays until it is made (R-DUTY-5).
where
    duty.due_on = {{ as_of() }}
    or (duty.rule in ('until_visited', 'on_fever') and (duty.done_at is null or duty.done_on = {{ as_of() }}))
-- A committee reads its list in one stretch.
order by duty.committee_code, duty.due_at, duty.priority, duty.duty_key
