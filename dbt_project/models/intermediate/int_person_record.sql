-- One row a record about a person in force, with what it says of that person.
{{ config(indexes=[{'columns': ['person_key']}]) }}

with records as (
    select
        'household_registry' as feed,
        batch_id,
        row_no,
        business_date,
        updated_at as recorded_at,
        full_name,
        cast(null as text) as name_latin,
        sex,
        birth_date,
        document_kind in ('resident_id', 'residence_permit') as is_birth_date_certified,
        id_number_masked as id_masked,
        document_kind = 'resident_id' as is_resident_id,
        phone
    from {{ ref('stg_household_registry') }}
    union all
    select
        'border_entries' as feed,
        batch_id,
        row_no,
        business_date,
        recorded_at,
        name_cn as full_name,
        name_latin,
        sex,
        birth_date,
        id_number_kind is not null as is_birth_date_certified,
        case when id_number_kind is not null then id_number_masked else document_no_masked end as id_masked,
        id_number_kind is not null as is_resident_id,
        phone
    from {{ ref('stg_border_entries') }}
)

select
    link.person_key,
    records.*
from records
inner join {{ source('linkage_build', 'record_link') }} as link
    on
        records.feed = link.feed
        and records.batch_id = link.batch_id
        and records.row_no = link.row_no
where link.person_key is not null
