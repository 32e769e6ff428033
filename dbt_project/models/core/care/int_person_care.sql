-- One row per person whom a list of benefits, certificates or roles names: what they receive, hold and do.
{{ config(indexes=[{'columns': ['person_key']}]) }}

with facts as (
    select
        benefit.person_key,
        tagged.tag,
        benefit.benefit as service,
        benefit.started_on as since
    from {{ ref('int_benefit') }} as benefit
    left join {{ ref('benefits') }} as tagged on benefit.benefit = tagged.benefit
    where benefit.is_current
    union all
    select
        role.person_key,
        tagged.tag,
        cast(null as text) as service,
        role.started_on as since
    from {{ ref('int_role') }} as role
    inner join {{ ref('roles') }} as tagged on role.role = tagged.role
    union all
    select
        person_key,
        'disabled' as tag,
        cast(null as text) as service,
        first_issued_on as since
    from {{ ref('int_certificate') }}
),

cared as (
    select
        person_key,
        string_agg(service, ',' order by service) as services,
        coalesce(bool_or(tag = 'disabled'), false) as has_certificate,
        min(since) filter (where tag = 'disabled') as certified_since,
        coalesce(bool_or(tag = 'low_income'), false) as has_low_income,
        min(since) filter (where tag = 'low_income') as low_income_since,
        coalesce(bool_or(tag = 'meal_service'), false) as has_meal_service,
        min(since) filter (where tag = 'meal_service') as meal_service_since,
        coalesce(bool_or(tag = 'home_care'), false) as has_home_care,
        min(since) filter (where tag = 'home_care') as home_care_since,
        coalesce(bool_or(tag = 'party_member'), false) as is_party_member,
        min(since) filter (where tag = 'party_member') as party_member_since,
        coalesce(bool_or(tag = 'volunteer'), false) as is_volunteer,
        min(since) filter (where tag = 'volunteer') as volunteer_since,
        coalesce(bool_or(tag = 'building_leader'), false) as is_building_leader,
        min(since) filter (where tag = 'building_leader') as building_leader_since
    from facts
    group by person_key
)

select
    cared.*,
    certificate.disability_type,
    certificate.disability_level,
    certificate.issued_on as certificate_issued_on
from cared
left join {{ ref('int_certificate') }} as certificate on cared.person_key = certificate.person_key
