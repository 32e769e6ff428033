-- One row per person in whose published name a whole identity number may stand, at the record that names them.
with caught as (
    select person_key from {{ ref('dim_person') }}
    where full_name ~ '[0-9]{17}[0-9Xx]'
)

{{ records_of('caught') }}
