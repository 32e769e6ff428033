-- Visits recorded one at a time, until the next run takes them in as a batch of `visit_log`. (docs/rules.md, R-VISIT-1.)

create table ops.visit_inbox (
    visit_no text primary key,
    account text not null,
    committee_code text,
    visited_at timestamptz not null,
    dwelling_key text,
    person_key text,
    kind text not null,
    temperature text,
    result text,
    note text,
    recorded_at timestamptz not null default clock_timestamp(),
    batch_id bigint references ops.batch,
    constraint visit_is_of_someone check (dwelling_key is not null or person_key is not null)
);
create index visit_inbox_waiting on ops.visit_inbox (recorded_at) where batch_id is null;
comment on table ops.visit_inbox is
'走访登记箱 | Visits recorded on the board, each by the number its device gave it; `batch_id` is the batch that took it in';

-- The one way into the inbox. What a device sends twice is recorded once. Whoever may record is the caller's business,
-- who gives the account: inside, current_user is the owner. Returns what became of the visit:
--   recorded  it is in the inbox now
--   repeated  it was there already, word for word
--   conflict  another visit has this number; nothing is changed
--   future    it would have been more than 10 minutes after now (R-DAY-4); nothing is kept
create function ops.record_visit(
    visit_no text,
    account text,
    committee_code text,
    visited_at timestamptz,
    dwelling_key text,
    person_key text,
    kind text,
    temperature text default null,
    result text default null,
    note text default null
)
returns text
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    if record_visit.visited_at > clock_timestamp() + interval '10 minutes' then
        return 'future';
    end if;
    insert into ops.visit_inbox as inbox (
        visit_no, account, committee_code, visited_at, dwelling_key, person_key, kind, temperature, result, note
    )
    values (
        record_visit.visit_no, record_visit.account, record_visit.committee_code, record_visit.visited_at,
        record_visit.dwelling_key, record_visit.person_key, record_visit.kind, record_visit.temperature,
        record_visit.result, record_visit.note
    )
    on conflict do nothing;
    if found then
        return 'recorded';
    end if;
    perform from ops.visit_inbox as inbox
    where inbox.visit_no = record_visit.visit_no
        and (
            inbox.account, inbox.committee_code, inbox.visited_at, inbox.dwelling_key, inbox.person_key, inbox.kind,
            inbox.temperature, inbox.result, inbox.note
        ) is not distinct from (
            record_visit.account, record_visit.committee_code, record_visit.visited_at, record_visit.dwelling_key,
            record_visit.person_key, record_visit.kind, record_visit.temperature, record_visit.result,
            record_visit.note
        );
    return case when found then 'repeated' else 'conflict' end;
end
$$;
comment on function ops.record_visit(text, text, text, timestamptz, text, text, text, text, text, text) is
'Records a visit once by its number: recorded, repeated, conflict or future';
revoke all on function ops.record_visit(text, text, text, timestamptz, text, text, text, text, text, text) from public;

grant select, update on ops.visit_inbox to pipeline;
