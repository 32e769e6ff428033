-- Only masked numbers leave: nothing that reads like a resident ID stands in what people see of a person.
select count(*) as unmasked
from {{ ref('household_view') }}
where id_masked ~ '^[0-9]{17}[0-9X]$' or full_name ~ '[0-9]{17}[0-9Xx]'
having count(*) > 0
