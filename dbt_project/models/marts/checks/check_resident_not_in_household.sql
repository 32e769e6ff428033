-- One row per resident with a certain door who doesn't stand in household_view at that door, at the record that names them.
with living as (
    select person_key, dwelling_key from {{ ref('fct_residence') }}
    where dwelling_key is not null
),

caught as (
    (
        select person_key, dwelling_key from living
        except
        select person_key, dwelling_key from {{ ref('household_view') }}
    )
    union all
    (
        select person_key, dwelling_key from {{ ref('household_view') }}
        except
        select person_key, dwelling_key from living
    )
)

{{ records_of('caught') }}
