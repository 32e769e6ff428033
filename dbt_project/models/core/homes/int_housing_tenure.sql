-- One row per dwelling of the housing register in force: its tenure, and since which delivery it stood so.
{{ config(indexes=[{'columns': ['batch_id', 'row_no']}]) }}

with deliveries as (
    select batch_id, business_date
    from {{ source('ops', 'batch') }}
    where feed = 'housing_registry' and status = 'accepted' and business_date <= {{ as_of() }}
),

told as (
    select
        rules.clean(received.dwelling_code) as dwelling_code,
        rules.read_int(received.tenure) as tenure,
        deliveries.business_date
    from {{ source('raw', 'housing_registry') }} as received
    inner join deliveries on received._batch_id = deliveries.batch_id
    where
        deliveries.business_date < (select max(business_date) from deliveries)
        and not exists (
            select 1 from {{ source('ops', 'superseded_row') }} as superseded
            where superseded.batch_id = received._batch_id and superseded.row_no = received._row_no
        )
),

last_different as (
    select
        housing.dwelling_code,
        max(told.business_date) as business_date
    from {{ ref('stg_housing_registry') }} as housing
    inner join told on housing.dwelling_code = told.dwelling_code and housing.tenure is distinct from told.tenure
    group by housing.dwelling_code
),

first_same as (
    select
        housing.dwelling_code,
        min(told.business_date) as business_date
    from {{ ref('stg_housing_registry') }} as housing
    inner join told on housing.dwelling_code = told.dwelling_code and housing.tenure = told.tenure
    left join last_different on housing.dwelling_code = last_different.dwelling_code
    where told.business_date > coalesce(last_different.business_date, date '-infinity')
    group by housing.dwelling_code
)

select
    housing.batch_id,
    housing.row_no,
    housing.tenure,
    coalesce(first_same.business_date, housing.business_date) as stood_since,
    -- The first delivery ever counts as older than any date a company writes (R-HOME-7).
    coalesce(first_same.business_date, housing.business_date) = (
        select min(business_date) from {{ source('ops', 'batch') }}
        where feed = 'housing_registry' and status = 'accepted'
    ) as is_since_ever
from {{ ref('stg_housing_registry') }} as housing
left join first_same on housing.dwelling_code = first_same.dwelling_code
where housing.tenure is not null
