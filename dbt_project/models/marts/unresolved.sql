-- One row per record x kind of doubt (x check): what someone has to resolve.
with listed as (
    -- A row that can't be used, until a later one makes it good (R-ROW-3, R-LIST-2).
    select
        feed, batch_id, row_no, 'row' as kind, '' as subject, reason, committee_code, compound_key
    from {{ ref('int_unresolved_row') }}
    union all
    select feed, batch_id, row_no, 'dwelling' as kind, '' as subject, reason, committee_code, compound_key
    from {{ ref('int_unresolved_place') }}
    union all
    select feed, batch_id, row_no, 'person' as kind, '' as subject, reason, committee_code, compound_key
    from {{ ref('int_unresolved_person') }}
    union all
    select feed, batch_id, row_no, 'visit' as kind, '' as subject, reason, committee_code, compound_key
    from {{ ref('int_unresolved_visit') }}
    union all
    -- Whom a scenario may mean: an attribute that it asks isn't known (R-SCEN-3).
    select
        feed, batch_id, row_no, 'scenario' as kind, scenario as subject, 'scenario_unknown' as reason,
        committee_code, compound_key
    from {{ ref('int_unresolved_scenario') }}
    union all
    select
        caught.feed, caught.batch_id, caught.row_no, 'check' as kind,
        caught.check_name as subject, caught.check_name as reason,
        coalesce(link.committee_code, place.committee_code) as committee_code,
        coalesce(link.compound_key, place.compound_key) as compound_key
    from {{ ref('int_unresolved_check') }} as caught
    left join {{ source('linkage_build', 'record_link') }} as link
        on caught.feed = link.feed and caught.batch_id = link.batch_id and caught.row_no = link.row_no
    left join {{ source('linkage_build', 'arrival_place') }} as place
        on caught.feed = place.feed and caught.batch_id = place.batch_id and caught.row_no = place.row_no
),

-- Whatever stood twice in a list stands once here (R-LIST-3).
once as (
    select
        *,
        row_number() over (partition by feed, batch_id, row_no, kind, subject order by reason) as choice
    from listed
)

select
    once.feed,
    once.batch_id,
    once.row_no,
    once.kind,
    {{ code_label('unresolved_kind', 'once.kind') }} as kind_zh,
    once.subject,
    once.reason,
    -- The rule that a row broke has no words of its own here: its kind says that the list is wrong.
    coalesce(
        {{ code_label('unresolved_reason', 'once.reason') }},
        {{ code_label('unresolved_kind', 'once.kind') }}
    ) as reason_zh,
    once.committee_code,
    {{ looked_up('committees', 'committee_code', 'once.committee_code', 'committee_name') }} as committee_name,
    once.compound_key,
    {{ looked_up('dim_compound', 'compound_key', 'once.compound_key', 'compound_name') }} as compound_name,
    coalesce(link.candidates, place.candidates) as candidates,
    batch.business_date as first_seen_on,
    {{ as_of() }} as as_of
from once
inner join {{ source('ops', 'batch') }} as batch on once.batch_id = batch.batch_id
left join {{ source('linkage_build', 'record_link') }} as link
    on
        once.feed = link.feed
        and once.batch_id = link.batch_id
        and once.row_no = link.row_no
left join {{ source('linkage_build', 'arrival_place') }} as place
    on
        once.feed = place.feed
        and once.batch_id = place.batch_id
        and once.row_no = place.row_no
where once.choice = 1
