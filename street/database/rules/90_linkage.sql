-- What the tables are asked by that linkage writes anew for every build. (docs/rules.md, Place and Person.)
--
-- Statistics are of what models join and choose by, from a sample of 9,000 rows: of texts and lists nobody asks for them,
-- and a larger sample took three times as long.

drop procedure if exists linkage.index_tables();

-- A batch is of one feed.
create or replace procedure linkage.index_records()
language plpgsql
set default_statistics_target = 30
as $$
begin
    alter table build.record_link add primary key (batch_id, row_no);
    alter table build.dwelling add primary key (dwelling_key);
    analyze build.record_link (
        feed, batch_id, row_no, person_key, person_method, dwelling_key, building_key, compound_key, committee_code,
        place_level, flags
    );
    analyze build.dwelling (dwelling_key, batch_id, row_no, building_key, compound_key, committee_code);
    analyze build.person_record (person_key, feed, batch_id, row_no);
end
$$;

create or replace procedure linkage.index_persons()
language plpgsql
set default_statistics_target = 30
as $$
begin
    alter table build.arrival_place add primary key (batch_id, row_no);
    alter table build.person add primary key (person_key);
    analyze build.arrival_place (feed, batch_id, row_no);
    analyze build.mention;
    analyze build.namesake;
    analyze build.person (person_key);
end
$$;
