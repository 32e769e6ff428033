-- One mistake in a name is told more finely: a character heard or seen alike, another one, two changed about, one left
-- out. (docs/rules.md, R-PERSON-13.)

alter table linkage.tie drop constraint tie_how_check;
alter table linkage.tie add constraint tie_how_check
check (how in ('name', 'letters', 'near', 'slip', 'order', 'part', 'mark'));
