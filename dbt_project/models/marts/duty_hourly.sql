-- One row per committee (one for the unplaced) x compound x duty of a scenario x status x hour in which it is due.
select
    place.committee_code,
    place.committee_name,
    place.row_kind,
    place.row_kind_zh,
    duty.compound_key,
    duty.compound_name,
    duty.scenario,
    duty.scenario_zh,
    duty.duty,
    duty.duty_zh,
    duty.status,
    duty.status_zh,
    duty.due_on,
    duty.due_hour,
    cast(count(*) as integer) as duties,
    {{ as_of() }} as as_of
from {{ ref('worklist') }} as duty
inner join {{ ref('dim_committee') }} as place
    on coalesce(duty.committee_code, '{{ var("unplaced_code") }}') = place.committee_code
group by
    place.committee_code, place.committee_name, place.row_kind, place.row_kind_zh,
    duty.compound_key, duty.compound_name, duty.scenario, duty.scenario_zh,
    duty.duty, duty.duty_zh, duty.status, duty.status_zh, duty.due_on, duty.due_hour
order by place.committee_code, duty.due_on, duty.due_hour
