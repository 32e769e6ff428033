-- One row per person whose isolation a picture shows: isolating (filled) or completed recently (hollow) (R-ISO-11).
with shown as (
    select
        person_key, dwelling_key, compound_key, committee_code, colour, day_no, started_on, release_on, status,
        row_number() over (partition by person_key order by started_on desc) as newest
    from {{ ref('fct_isolation_episode') }}
    where status = 'isolating' or (status = 'completed' and release_on > {{ as_of() }} - {{ var('recent_days') }})
)

select
    shown.person_key,
    shown.dwelling_key,
    shown.compound_key,
    shown.committee_code,
    shown.colour,
    {{ rule_of_colour('shown.colour') }} as colour_rule,
    shown.day_no,
    shown.started_on,
    shown.release_on,
    shown.status
from shown
where shown.newest = 1
