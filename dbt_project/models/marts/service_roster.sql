-- One row per person x service: the spell that runs on D, else the newest.
select
    benefit.person_key,
    person.full_name,
    person.id_masked,
    residence.dwelling_key,
    residence.committee_code,
    {{ looked_up('committees', 'committee_code', 'residence.committee_code', 'committee_name') }} as committee_name,
    benefit.benefit as service,
    benefit.started_on,
    benefit.ended_on,
    benefit.monthly_amount,
    -- False where no spell runs on D (R-TAG-7).
    benefit.is_current,
    {{ as_of() }} as as_of
from {{ ref('int_benefit') }} as benefit
inner join {{ ref('dim_person') }} as person on benefit.person_key = person.person_key
left join {{ ref('fct_residence') }} as residence on benefit.person_key = residence.person_key
