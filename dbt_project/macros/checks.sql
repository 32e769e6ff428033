{#-
The checks over persons and records, by name: each is a model check_<name>, one row per record that it catches.
The records are listed in marts.unresolved, and the day is published all the same. What stops a publication stands in
expectations/marts.py.
-#}
{% macro person_checks() -%}
    {{ return([
        'arrival_without_outcome',
        'isolating_without_door',
        'record_without_person',
        'person_without_row',
        'resident_not_in_household',
        'standing_twice',
        'number_in_name',
    ]) }}
{%- endmacro %}

{#- The record that speaks for each person of a relation: the registry's, else the newest one. -#}
{% macro records_of(relation) -%}
    select
        feed,
        batch_id,
        row_no
    from (
        select
            link.feed,
            link.batch_id,
            link.row_no,
            row_number() over (
                partition by link.person_key
                order by
                    link.feed not in ('{{ feeds_with_role("registered_address") | join("', '") }}'),
                    link.batch_id desc, link.row_no desc
            ) as choice
        from {{ source('linkage_build', 'record_link') }} as link
        where link.person_key in (select caught.person_key from {{ relation }} as caught)
    ) as speaking
    where choice = 1
{%- endmacro %}
