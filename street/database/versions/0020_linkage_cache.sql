-- What linkage read of the records in force and where it placed their addresses (linkage/cache.py). Whatever is lost here
-- is read anew; so it needs no log, and retention empties it whole. (docs/rules.md, R-RET-3.)
create unlogged table staging.linkage_cache (
    name text primary key,
    made_by text not null,
    rows bytea not null
);
-- The files are compressed already.
alter table staging.linkage_cache alter column rows set storage external;
comment on table staging.linkage_cache is
'关联缓存 | What the last linkage read and placed, as Arrow files; every line of it is made anew where it is missing';
grant select, insert, update, delete, truncate on staging.linkage_cache to pipeline;

-- Statistics only of what models join and choose by: those of texts and lists nobody asks for took longer.
create or replace procedure linkage.index_tables()
language plpgsql
as $$
begin
    alter table build.record_link add primary key (feed, batch_id, row_no);
    alter table build.arrival_place add primary key (feed, batch_id, row_no);
    alter table build.dwelling add primary key (dwelling_key);
    alter table build.person add primary key (person_key);
    analyze build.record_link (
        feed, batch_id, row_no, person_key, person_method, dwelling_key, building_key, compound_key, committee_code,
        place_level, flags
    );
    analyze build.arrival_place (feed, batch_id, row_no);
    analyze build.dwelling (dwelling_key, batch_id, row_no, building_key, compound_key, committee_code);
    analyze build.person (person_key);
    analyze build.person_record (person_key, feed, batch_id, row_no);
    analyze build.namesake;
end
$$;
