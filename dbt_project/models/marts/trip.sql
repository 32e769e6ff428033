-- One row per place with something to do on D: a door, or a person without a certain one (R-DUTY-7).
{%- set status -%}
    case
        when bool_and(duty.status = 'done') then 'done'
        when bool_or(duty.status = 'overdue') then 'overdue'
        else 'open'
    end
{%- endset %}
with placed as (
    select
        *,
        case when dwelling_key is null then person_key end as person_alone
    from {{ ref('worklist') }}
    where due_on <= {{ as_of() }}
)

select
    md5(concat_ws('|', coalesce(duty.dwelling_key, duty.person_alone), {{ as_of() }})) as trip_key,
    {{ as_of() }} as trip_on,
    min(duty.committee_code) as committee_code,
    min(duty.committee_name) as committee_name,
    min(duty.compound_key) as compound_key,
    min(duty.compound_name) as compound_name,
    min(duty.building_key) as building_key,
    min(duty.building_name) as building_name,
    duty.dwelling_key,
    min(duty.room_no) as room_no,
    duty.person_alone as person_key,
    cast(count(distinct duty.person_key) as integer) as persons,
    cast(count(*) as integer) as duties,
    cast(count(*) - 1 as integer) as duties_saved,
    min(duty.due_at) as first_due_at,
    min(duty.priority) as priority,
    {{ status }} as status,
    {{ code_label('duty_status', status) }} as status_zh,
    {{ as_of() }} as as_of
from placed as duty
group by duty.dwelling_key, duty.person_alone
order by min(duty.committee_code), min(duty.priority), min(duty.due_at), 1
