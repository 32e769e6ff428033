-- Which person a record was given, for ever: a later version of the record keeps its person. (docs/rules.md, Person.)

create table linkage.person_record (
    feed text not null,
    record text not null,
    person_key text not null references linkage.person,
    first_seen_on date not null,
    primary key (feed, record)
);
comment on table linkage.person_record is
'记录与人员 | Keyed hash of a record''s business key -> the person it was given; later versions of the record keep it';

grant select, insert, update, delete on linkage.person_record to pipeline;
