-- One row a dwelling with a known resident: how many, and how many of them are 60 and over.
{{ config(indexes=[{'columns': ['dwelling_key'], 'unique': true}]) }}

select
    residence.dwelling_key,
    cast(count(*) as integer) as residents,
    -- Of unknown age is not 60 and over.
    cast(count(*) filter (where person.age >= 60) as integer) as elders
from {{ ref('fct_residence') }} as residence
inner join {{ ref('dim_person') }} as person on residence.person_key = person.person_key
where residence.dwelling_key is not null
group by residence.dwelling_key
