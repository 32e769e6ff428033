-- The tables that linkage writes anew for every build. Publishing takes `record_link` out of schema `build`, so each
-- build makes them; their indexes come after the rows. (docs/rules.md, Place and Person.)

create procedure linkage.make_tables()
language plpgsql
as $$
begin
    drop table if exists build.record_link;
    create table build.record_link (
        feed text not null,
        batch_id bigint not null,
        row_no integer not null,
        record text not null,
        person_key text,
        person_method text,
        person_score double precision,
        agreed text[] not null,
        differed text[],
        name_likeness text,
        namesakes integer,
        dwelling_key text,
        building_key text,
        compound_key text,
        committee_code text,
        place_level text not null,
        place_method text,
        candidates jsonb not null,
        registered_dwelling_key text,
        registered_compound_key text,
        registered_place_level text,
        flags text[] not null
    );
    drop table if exists build.arrival_place;
    create table build.arrival_place (
        feed text not null,
        batch_id bigint not null,
        row_no integer not null,
        dwelling_key text,
        building_key text,
        compound_key text,
        committee_code text,
        place_level text not null,
        place_method text,
        candidates jsonb not null
    );
    drop table if exists build.dwelling;
    create table build.dwelling (
        dwelling_key text not null,
        dwelling_code text not null,
        batch_id bigint not null,
        row_no integer not null,
        building_key text not null,
        compound_key text not null,
        compound_name text not null,
        committee_code text,
        road text,
        lane text,
        building_no text,
        unit_no text,
        room_no text
    );
    drop table if exists build.person;
    create table build.person (
        person_key text not null,
        is_provisional boolean not null,
        first_seen_on date not null,
        last_seen_on date not null
    );
    drop table if exists build.person_record;
    create unlogged table build.person_record (
        person_key text not null,
        feed text not null,
        batch_id bigint not null,
        row_no integer not null,
        leads boolean not null,
        known_at timestamptz,
        full_name text,
        name_rank integer,
        sex integer,
        birth_date date,
        is_birth_date_certified boolean not null,
        id_masked text,
        is_resident_id boolean not null,
        phone text
    );
    drop table if exists build.namesake;
    create table build.namesake (
        person_key text not null,
        dwelling_key text not null,
        namesake_key text not null
    );
end
$$;

create procedure linkage.index_tables()
language plpgsql
as $$
begin
    alter table build.record_link add primary key (feed, batch_id, row_no);
    alter table build.arrival_place add primary key (feed, batch_id, row_no);
    alter table build.dwelling add primary key (dwelling_key);
    alter table build.person add primary key (person_key);
    analyze build.record_link;
    analyze build.arrival_place;
    analyze build.dwelling;
    analyze build.person;
    analyze build.person_record;
    analyze build.namesake;
end
$$;

-- Ties by evidence, for ever: why two records are one person's. (docs/rules.md, R-PERSON-6, R-PERSON-8, R-PERSON-13.)
create table linkage.tie (
    tie_id bigint generated always as identity primary key,
    left_feed text not null,
    left_record text not null,
    right_feed text not null,
    right_record text not null,
    how text not null check (how in ('name', 'letters', 'slip', 'mark')),
    agreed text[] not null,
    differed text[] not null,
    people integer not null,
    made_on date not null
);
comment on table linkage.tie is
'凭证据的关联 | Two records that are one person''s without a common document, and what says so; never deleted';
grant select, insert, update, delete on linkage.tie to pipeline;

-- What a record said when it was last linked: only of whom something new is said are ties sought.
alter table linkage.person_record add column said bigint;

-- What a person is asked to decide: two records that may be one person's. The newest run's; `first_seen_on` is its age.
-- (docs/rules.md, R-PERSON-14.)
create table linkage.candidate (
    candidate_id bigint generated always as identity primary key,
    left_feed text not null,
    left_record text not null,
    right_feed text not null,
    right_record text not null,
    how text not null,
    agreed text[] not null,
    differed text[] not null,
    people integer not null,
    is_arrival boolean not null,
    first_seen_on date not null,
    unique (left_record, right_record)
);
comment on table linkage.candidate is
'待裁定 | Two records that may be one person''s: what agrees doesn''t tell, so a person is asked';
grant select, insert, update, delete on linkage.candidate to pipeline;

alter table linkage.decision drop constraint decision_kind_check;
alter table linkage.decision add constraint decision_kind_check
check (kind in ('same_person', 'different_person', 'unsure_person', 'place'));

-- Changes with every verdict on a delivery of a day or before it, also with those that leave the batches in force alone,
-- and with every decision of a person (docs/rules.md, R-DAY-7).
create or replace function ops.verdicts(as_of date)
returns text
language sql stable
as $$
    select md5(
        coalesce(string_agg(batch_id || status, ',' order by batch_id), '')
        || coalesce((select max(decision_id)::text from linkage.decision), '')
    )
    from ops.batch
    where status <> 'landed' and business_date <= as_of
$$;
