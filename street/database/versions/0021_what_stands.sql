-- Of whose deliveries a file holds rows: it goes with the first of them that is removed. (docs/rules.md, R-RET-3.)
alter table staging.linkage_cache add column batches bigint[] not null default '{}';

-- Persons of whom something was forgotten since the last run: whatever is remembered of them is to be looked at again.
-- (docs/rules.md, R-RET-5.)
create table linkage.unsettled (
    person_key text not null
);
comment on table linkage.unsettled is
'待重新关联 | Persons of whom a record was forgotten; the next linkage takes them up and empties this table';
grant select, insert, update, delete on linkage.unsettled to pipeline;
