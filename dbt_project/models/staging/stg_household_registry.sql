-- One row a registered person in the registry in force.
{{ config(indexes=[{'columns': ['batch_id', 'row_no'], 'unique': true}]) }}

with received as ({{ rows_in_force('household_registry') }}),

cleaned as (
    select
        *,
        rules.clean(id_type) as type_code,
        rules.read_int(sex) as sex_code,
        rules.clean(sex) as sex_text,
        rules.clean(relation_to_head) as relation,
        rules.read_birth_date(birth_date) as written_birth_date,
        rules.read_int(residence_type) as residence_code,
        rules.read_int(status) as status_code
    from received
),

identified as (
    select
        *,
        case type_code
            when '10' then 'resident_id'
            when '20' then 'passport'
            when '30' then 'hm_permit'
            when '35' then 'residence_permit'
            when '40' then 'tw_permit'
            when '50' then 'foreign_permit'
        end as written_kind
    from cleaned
),

documented as (
    select
        *,
        rules.document(written_kind, id_number, null) as document
    from identified
)

select
    _batch_id as batch_id,
    _row_no as row_no,
    _business_date as business_date,
    _received_at as received_at,
    rules.clean(person_no) as person_no,
    type_code as id_type,
    rules.mask(written_kind, id_number) as id_number_masked,
    case when document is not null then coalesce(rules.number_kind(document), written_kind) end as document_kind,
    rules.mask_text(rules.clean(full_name)) as full_name,
    -- Right check digit: the number's sex and birth date hold; wrong: the columns hold.
    case
        when rules.number_kind(document) in ('resident_id', 'residence_permit') then rules.id_sex(document)
        when sex_code in (1, 2) then sex_code
        when sex_text = '男' then 1
        when sex_text = '女' then 2
    end as sex,
    rules.clean(ethnic_group) as ethnic_group,
    case
        when rules.number_kind(document) in ('resident_id', 'residence_permit')
            then rules.id_birth_date(document)
        else written_birth_date
    end as birth_date,
    rules.clean(household_no) as household_no,
    case when relation ~ '^([0-7][0-9]|8[1-9]|9[0-79])$' then relation end as relation_to_head,
    case when residence_code between 1 and 5 then residence_code end as residence_type,
    rules.mask_text(rules.clean(registered_address)) as registered_address,
    rules.mask_text(rules.clean(living_address)) as living_address,
    rules.read_phone(phone) as phone,
    case when status_code between 1 and 3 then status_code end as status,
    rules.read_timestamp(updated_at) as updated_at
from documented
