-- One mistake in a name is told more finely: a character heard or seen alike, another one, two changed about, one left
-- out. (docs/rules.md, R-PERSON-13.)

alter table linkage.tie drop constraint tie_how_check;
alter table linkage.tie add constraint tie_how_check
check (how in ('name', 'letters', 'near', 'slip', 'order', 'part', 'mark'));

-- An address that may mean one of several doors waits for people too: its record stands on the left, nothing on the
-- right. (docs/rules.md, R-PERSON-14.)
alter table linkage.candidate alter column right_feed drop not null;
alter table linkage.candidate alter column right_record drop not null;
alter table linkage.candidate alter column how drop not null;
alter table linkage.candidate alter column people drop not null;
alter table linkage.candidate drop constraint candidate_left_record_right_record_key;
alter table linkage.candidate add constraint candidate_left_record_right_record_key
unique nulls not distinct (left_record, right_record);
comment on table linkage.candidate is
'待裁定 | Two records that may be one person''s, or one whose address may mean several doors: people are asked';
