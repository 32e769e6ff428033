-- The residents of the compounds and the unplaced ones are the residents of the street.
with counted as (
    select
        (select count(*) from {{ ref('fct_residence') }}) as everybody,
        (select sum(residents) from {{ ref('compound_overview') }}) as in_compounds,
        (
            select count(*) from {{ ref('fct_residence') }} as residence
            left join {{ ref('dim_compound') }} as compound
                on
                    residence.compound_key = compound.compound_key
                    and residence.committee_code = compound.committee_code
            where compound.compound_key is null
        ) as unplaced
)

select everybody
from counted
where everybody <> in_compounds + unplaced
