-- One row per dwelling, as a building's picture draws it.
{%- set first_flag -%}
    case
        when occupancy.is_occupied_conflict then 'occupied_conflict'
        when occupancy.is_renovating then 'renovating'
    end
{%- endset %}
with isolation as (
    select
        dwelling_key,
        count(*) filter (where status = 'isolating') as isolating,
        count(*) filter (where status = 'completed') as completed_14d,
        -- The gravest colour of those isolating; where nobody does, of those who completed.
        coalesce(min(colour_rule) filter (where status = 'isolating'), min(colour_rule)) as colour_rule
    from {{ ref('int_shown_isolation') }}
    group by dwelling_key
),

tags as (
    select
        dwelling_key,
        {{ count_tags() }}
    from {{ ref('int_person_tag') }}
    group by dwelling_key
),

duties as (
    select dwelling_key, count(*) as open_duties
    from {{ ref('int_duty_due') }}
    where
        done_at is null
        and (due_on = {{ as_of() }} or (rule in ('until_visited', 'on_fever') and due_on < {{ as_of() }}))
    group by dwelling_key
)

select
    dwelling.building_key,
    dwelling.compound_key,
    dwelling.compound_name,
    dwelling.committee_code,
    {{ looked_up('committees', 'committee_code', 'dwelling.committee_code', 'committee_name') }} as committee_name,
    dwelling.building_no,
    building.building_name,
    dwelling.floor,
    building.floors_total,
    cast(row_number() over (
        partition by dwelling.building_key, dwelling.floor
        order by
            cast(substring(dwelling.room_no from '^([0-9]{1,6})单元') as integer) nulls first,
            cast(substring(dwelling.room_no from '([0-9]{1,6})[^0-9]*$') as integer) nulls last,
            dwelling.room_no, dwelling.dwelling_key
    ) as integer) as position_on_floor,
    dwelling.dwelling_key,
    dwelling.room_no,
    dwelling.usage,
    {{ contract_label('housing_registry', 'usage', 'dwelling.usage') }} as usage_zh,
    occupancy.occupancy,
    {{ code_label('occupancy', 'occupancy.occupancy') }} as occupancy_zh,
    {{ first_flag }} as occupancy_flag,
    {{ code_label('occupancy_flag', first_flag) }} as occupancy_flag_zh,
    coalesce(door.residents, 0) as residents,
    cast(coalesce(isolation.isolating, 0) as integer) as isolating,
    {{ colour_of_rule('isolation.colour_rule') }} as isolation_colour,
    {{ isolation_colour_label(colour_of_rule('isolation.colour_rule')) }} as isolation_colour_zh,
    cast(coalesce(isolation.completed_14d, 0) as integer) as completed_14d,
    {{ tag_count('living_alone_elderly', 'tags') }},
    {{ tag_count('elderly', 'tags') }},
    {{ tag_count('infants', 'tags') }},
    {{ tag_count('disabled', 'tags') }},
    {{ tag_count('low_income', 'tags') }},
    {{ tag_count('party_members', 'tags') }},
    {{ tag_count('volunteers', 'tags') }},
    {{ tag_count('building_leaders', 'tags') }},
    cast(coalesce(duties.open_duties, 0) as integer) as open_duties,
    {{ as_of() }} as as_of
from {{ ref('dim_dwelling') }} as dwelling
inner join {{ ref('dim_building') }} as building on dwelling.building_key = building.building_key
left join {{ ref('fct_occupancy') }} as occupancy on dwelling.dwelling_key = occupancy.dwelling_key
left join {{ ref('int_door') }} as door on dwelling.dwelling_key = door.dwelling_key
left join isolation on dwelling.dwelling_key = isolation.dwelling_key
left join tags on dwelling.dwelling_key = tags.dwelling_key
left join duties on dwelling.dwelling_key = duties.dwelling_key
