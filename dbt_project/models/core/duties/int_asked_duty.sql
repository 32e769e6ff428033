-- One row per duty that is asked for, as if nobody had been visited yet, and per fever (R-VISIT-6).
{{ config(indexes=[{'columns': ['person_key']}, {'columns': ['dwelling_key']}]) }}

select
    duty_key, scenario, scenario_zh, duty, duty_zh, reason, rule, person_key, full_name, phone, dwelling_key,
    building_key, compound_key, committee_code, cast(null as timestamptz) as opened_at, due_on, due_at, priority, closes_on, every_days
from {{ ref('int_duty') }}
union all
select
    duty_key, scenario, scenario_zh, duty, duty_zh, reason, rule, person_key, full_name, phone, dwelling_key,
    building_key, compound_key, committee_code, opened_at, due_on, due_at, priority, closes_on, cast(null as integer) as every_days
from {{ ref('int_fever_duty') }}
