-- Whoever looks for a person says why, and so does the street office for a ledger; a committee's own list asks for no
-- reason. (docs/rules.md, R-BOARD-3, R-BOARD-6.)

alter table audit.access drop constraint reason_is_given;
alter table audit.access add constraint reason_is_given check (
    not (what = 'search' or (what = 'ledger' and role_name not like 'board\_3%'))
    or length(btrim(coalesce(reason, ''))) >= 2
);
