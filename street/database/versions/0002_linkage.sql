-- Which person a record was given, for ever: a later version of the record keeps its person (docs/rules.md, R-PERSON-6).

create table linkage.person_record (
    feed text not null,
    record text not null,
    person_key text not null,
    first_seen_on date not null,
    primary key (feed, record)
);
comment on table linkage.person_record is
'记录与人员 | Keyed hash of a record''s business key -> the person it was given; later versions of the record keep it';

-- Linkage alone writes the keys, a person with its documents and records in one transaction, and never deletes one: a
-- check row by row would cost a first run of a whole street more than all the rest of it.
alter table linkage.person_document drop constraint person_document_person_key_fkey;

grant select, insert, update, delete on linkage.person_record to pipeline;
