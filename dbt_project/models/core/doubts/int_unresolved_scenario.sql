-- One row per scenario x record that speaks for a person of whom it can't be told whether the scenario means them.
with unknown as (
    select scenario, person_key, committee_code, compound_key
    from {{ ref('int_scenario_person') }}
    where is_unknown
),

speaking as (
    {{ records_of('unknown') }}
)

select
    unknown.scenario,
    speaking.feed,
    speaking.batch_id,
    speaking.row_no,
    unknown.committee_code,
    unknown.compound_key
from speaking
inner join {{ source('linkage_build', 'record_link') }} as link
    on speaking.feed = link.feed and speaking.batch_id = link.batch_id and speaking.row_no = link.row_no
inner join unknown on link.person_key = unknown.person_key
