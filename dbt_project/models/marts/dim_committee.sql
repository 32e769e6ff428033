-- One row per code that stands in committee_code: the committees, one for the unplaced and one for the street.
with codes as (
    select committee_code, committee_name, 'committee' as row_kind from {{ ref('committees') }}
    union all
    select
        '{{ var("unplaced_code") }}' as committee_code,
        {{ code_label('row_kind', "'unplaced'") }} as committee_name,
        'unplaced' as row_kind
    union all
    select '{{ var("street_code") }}' as committee_code, '{{ var("street_name") }}' as committee_name, 'street' as row_kind
)

select
    committee_code,
    committee_name,
    row_kind,
    {{ code_label('row_kind', 'row_kind') }} as row_kind_zh,
    cast(
        row_number() over (order by array_position(array['committee', 'unplaced', 'street'], row_kind), committee_code)
        as integer
    ) as sort_order,
    {{ as_of() }} as as_of
from codes
