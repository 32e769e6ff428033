-- One row per dwelling with a known resident: how many, and how many of them are elders (R-TAG-1).
{{ config(indexes=[{'columns': ['dwelling_key'], 'unique': true}]) }}

select
    residence.dwelling_key,
    cast(count(*) as integer) as residents,
    -- Someone of unknown age is no elder (R-PERSON-11).
    cast(count(*) filter (where person.age >= {{ var('elder_age') }}) as integer) as elders
from {{ ref('fct_residence') }} as residence
inner join {{ ref('dim_person') }} as person on residence.person_key = person.person_key
where residence.dwelling_key is not null
group by residence.dwelling_key
