-- One row per person who has a record in force: of what their records say, whatever list they are in, the best.
-- Most have one record, which needs no ranking.
with shared as (
    select person_key
    from {{ source('linkage_build', 'person_record') }}
    group by person_key
    having count(*) > 1
),

ranked as (
    select
        *,
        -- The registry's name, else the newest in characters, else Latin (R-PERSON-9).
        row_number() over (
            partition by person_key
            order by name_rank asc nulls last, known_at desc nulls last, batch_id desc, row_no desc
        ) as by_name,
        -- The birth date of the ID, else the registry's, else the newest.
        row_number() over (
            partition by person_key
            order by
                birth_date is null, is_birth_date_certified desc, leads desc, known_at desc nulls last,
                batch_id desc, row_no desc
        ) as by_birth,
        -- As the birth date; a sex that is not stated says nothing.
        row_number() over (
            partition by person_key
            order by
                coalesce(sex, 0) not in (1, 2), sex is null, is_birth_date_certified desc, leads desc,
                known_at desc nulls last, batch_id desc, row_no desc
        ) as by_sex,
        -- The resident ID, else the first other document.
        row_number() over (
            partition by person_key
            order by id_masked is null, is_resident_id desc, known_at asc nulls last, batch_id asc, row_no asc
        ) as by_document,
        row_number() over (
            partition by person_key
            order by phone is null, known_at desc nulls last, batch_id desc, row_no desc
        ) as by_phone
    from {{ source('linkage_build', 'person_record') }}
    where person_key in (select person_key from shared)
),

chosen as (
    select
        person_key,
        max(full_name) filter (where by_name = 1) as full_name,
        max(sex) filter (where by_sex = 1) as sex,
        max(birth_date) filter (where by_birth = 1) as birth_date,
        max(id_masked) filter (where by_document = 1) as id_masked,
        max(phone) filter (where by_phone = 1) as phone
    from ranked
    group by person_key
    union all
    select
        person_key,
        full_name,
        sex,
        birth_date,
        id_masked,
        phone
    from {{ source('linkage_build', 'person_record') }}
    where person_key not in (select person_key from shared)
)

select
    person.person_key,
    chosen.full_name,
    chosen.sex,
    chosen.birth_date,
    rules.age(chosen.birth_date, {{ as_of() }}) as age,
    chosen.id_masked,
    chosen.phone,
    person.is_provisional,
    person.first_seen_on,
    person.last_seen_on
from {{ source('linkage_build', 'person') }} as person
left join chosen on person.person_key = chosen.person_key
