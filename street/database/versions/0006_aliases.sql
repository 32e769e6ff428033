-- Names of compounds beyond the housing list's: learned, asked about, decided. (docs/rules.md, R-PLACE-16.)

create table linkage.compound_alias (
    alias text primary key,
    compound_key text not null,
    people integer not null,
    of_people integer not null,
    learned_on date not null
);
comment on table linkage.compound_alias is
'小区别名 | A name the housing list doesn''t have, believed because people known to live there use it; never deleted';

create table linkage.alias_candidate (
    alias text primary key,
    compound_key text not null,
    people integer not null,
    of_people integer not null,
    first_seen_on date not null
);
comment on table linkage.alias_candidate is
'待裁定的小区别名 | A name that may mean a compound: too few people tell, or they disagree, so a person is asked';

grant select, insert, update, delete on linkage.compound_alias, linkage.alias_candidate to pipeline;

alter table linkage.decision add column compound_key text;
alter table linkage.decision drop constraint decision_kind_check;
alter table linkage.decision add constraint decision_kind_check
check (kind in ('same_person', 'different_person', 'unsure_person', 'place', 'compound_name'));
