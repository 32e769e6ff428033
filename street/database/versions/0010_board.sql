-- People's accounts of the board, their sessions, and who has looked at whom. The board's own login may call these
-- functions and read no table: neither its hashes of passwords nor anything that is published. (docs/rules.md, Board.)

create table ops.board_account (
    account text primary key check (account ~ '^[a-z][a-z0-9_.-]{1,31}$'),
    full_name text not null,
    role_name text not null,
    committee_code text,
    salt bytea not null,
    password_hash bytea not null,
    added_by text not null,
    added_at timestamptz not null default clock_timestamp(),
    ended_at timestamptz,
    failures integer not null default 0,
    locked_until timestamptz
);
comment on table ops.board_account is
'看板账户 | A person who may log in to the board, and the one database role by which that person reads';

create table ops.board_session (
    token_hash text primary key,
    account text not null references ops.board_account,
    role_name text not null,
    opened_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    ended_at timestamptz
);
create index board_session_of_account on ops.board_session (account);
comment on table ops.board_session is '看板会话 | A login that lasts until it expires or is ended; the token is kept as its hash';

create table audit.access (
    access_id bigint generated always as identity primary key,
    account text not null,
    role_name text not null,
    what text not null,
    keys text[] not null,
    persons integer not null,
    reason text,
    looked_at timestamptz not null default clock_timestamp(),
    -- Whoever looks for a person says why.
    constraint reason_is_given check (what <> 'search' or length(btrim(coalesce(reason, ''))) >= 2)
);
create index access_by_account on audit.access (account, looked_at);
create index access_by_time on audit.access (looked_at);
comment on table audit.access is '查阅记录 | Every look at persons through the board: who, by which role, at what, how many, why, when';

create function ops.token_hash(token text)
returns text
language sql immutable strict
set search_path = pg_catalog, pg_temp
as $$ select encode(sha256(convert_to(token, 'UTF8')), 'hex') $$;

-- The salt of a password; null where there is no such account.
create function ops.board_salt(named text)
returns bytea
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$ select salt from ops.board_account where account = named and ended_at is null $$;

-- Opens a session when the hash is the account's: 'open', 'refused', or 'locked' for a quarter of an hour after five
-- wrong passwords in a row.
create function ops.open_board_session(named text, given_hash bytea, token text)
returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    known ops.board_account;
begin
    select * into known from ops.board_account where account = named and ended_at is null for update;
    if not found then
        return 'refused';
    elsif known.locked_until > clock_timestamp() then
        return 'locked';
    elsif known.password_hash <> given_hash then
        update ops.board_account
        set
            failures = case when failures >= 4 then 0 else failures + 1 end,
            locked_until = case when failures >= 4 then clock_timestamp() + interval '15 minutes' end
        where account = named;
        return 'refused';
    end if;
    update ops.board_account set failures = 0, locked_until = null where account = named;
    insert into ops.board_session (token_hash, account, role_name, expires_at)
    values (
        ops.token_hash(token), named, known.role_name,
        -- A wall screen shows counts alone, and nobody stands beside it each morning.
        clock_timestamp() + case known.role_name when 'board_dashboard' then interval '30 days' else interval '12 hours' end
    );
    return 'open';
end
$$;

-- Who a token stands for; no row once the session has expired or been ended.
create function ops.board_session_of(token text)
returns table (account text, full_name text, role_name text, committee_code text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select person.account, person.full_name, session.role_name, person.committee_code
    from ops.board_session as session
    inner join ops.board_account as person on session.account = person.account
    where
        session.token_hash = ops.token_hash(token)
        and session.ended_at is null and session.expires_at > clock_timestamp()
        and person.ended_at is null and person.role_name = session.role_name
$$;

create function ops.end_board_session(token text)
returns void
language sql security definer
set search_path = pg_catalog, pg_temp
as $$
    update ops.board_session set ended_at = clock_timestamp()
    where token_hash = ops.token_hash(token) and ended_at is null
$$;

-- Writes down a look at persons and returns its number. Refused (42501) without an open session, (23514) without a
-- reason where one is asked for.
create function audit.look(token text, what text, keys text[], persons integer, reason text default null)
returns bigint
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    who record;
    number bigint;
begin
    select * into who from ops.board_session_of(token);
    if not found then
        raise insufficient_privilege using message = 'no open session';
    end if;
    insert into audit.access (account, role_name, what, keys, persons, reason)
    values (who.account, who.role_name, look.what, look.keys, look.persons, nullif(btrim(look.reason), ''))
    returning access_id into number;
    return number;
end
$$;

-- One's own last looks.
create function audit.own_looks(token text, at_most integer)
returns table (what text, keys text[], persons integer, reason text, looked_at timestamptz)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
    select looked.what, looked.keys, looked.persons, looked.reason, looked.looked_at
    from audit.access as looked
    inner join ops.board_session_of(token) as who on looked.account = who.account
    order by looked.access_id desc
    limit at_most
$$;

-- What a phone sent and may not stand: it stays on the phone with its reason, and the street office sees that it does.
create table ops.visit_refusal (
    visit_no text primary key,
    account text not null,
    reason text not null check (reason in ('foreign', 'unknown', 'conflict', 'future')),
    visited_at timestamptz not null,
    refused_at timestamptz not null default clock_timestamp()
);
comment on table ops.visit_refusal is '被拒绝的走访 | A visit that a phone sent and that was refused: whose, when, why; nothing of what it said';

-- Records a visit of whoever the token stands for, once by the number that the phone gave it: what ops.record_visit
-- answers, or 'foreign' (another committee's door), or 'unknown' (no such door or person). A refusal is kept.
create function ops.record_board_visit(
    token text, visit_no text, visited_at timestamptz, dwelling_key text, person_key text, kind text,
    temperature text, result text, note text
)
returns text
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    who record;
    place text;
    answer text;
begin
    select * into who from ops.board_session_of(token);
    if not found or who.role_name in ('board_dashboard', 'board_auditor') then
        raise insufficient_privilege using message = 'no session that records visits';
    end if;
    place := coalesce(
        (select home.committee_code from marts.building_view as home where home.dwelling_key = record_board_visit.dwelling_key),
        (
            select duty.committee_code from marts.worklist as duty
            where duty.person_key = record_board_visit.person_key and record_board_visit.dwelling_key is null
            limit 1
        )
    );
    answer := case
        when place is null then 'unknown'
        when who.committee_code is not null and who.committee_code <> place then 'foreign'
        else ops.record_visit(
            visit_no, who.account, place, visited_at, dwelling_key, person_key, kind, temperature, result, note
        )
    end;
    if answer not in ('recorded', 'repeated') then
        insert into ops.visit_refusal (visit_no, account, reason, visited_at)
        values (record_board_visit.visit_no, who.account, answer, record_board_visit.visited_at)
        on conflict do nothing;
    end if;
    return answer;
end
$$;

-- The pairs of records that may be one person's and wait for a decision, arrivals first: all for the street, for a
-- committee those in which one of the two lives with it. With a number also what the two persons' records say.
create function ops.pairs_in_doubt(token text, number bigint default null)
returns table (
    candidate_id bigint, how text, agreed text [], differed text [], people integer, is_arrival boolean, first_seen_on date,
    left_title text, right_title text, left_person text, right_person text, left_name text, right_name text,
    left_age integer, right_age integer, left_id text, right_id text, left_phone text, right_phone text,
    left_address text, right_address text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    who record;
begin
    select * into who from ops.board_session_of(token);
    if not found or who.role_name in ('board_dashboard', 'board_auditor') then
        raise insufficient_privilege using message = 'no session that decides';
    end if;
    return query
    select
        pair.candidate_id, pair.how, pair.agreed, pair.differed, pair.people, pair.is_arrival, pair.first_seen_on,
        left_feed.title_zh, right_feed.title_zh, left_one.person_key, right_one.person_key,
        left_person.full_name, right_person.full_name, left_person.age, right_person.age,
        left_person.id_masked, right_person.id_masked, left_person.phone, right_person.phone,
        left_home.address, right_home.address
    from linkage.candidate as pair
    left join linkage.record_link as left_one on left_one.feed = pair.left_feed and left_one.record = pair.left_record
    left join linkage.record_link as right_one on right_one.feed = pair.right_feed and right_one.record = pair.right_record
    left join ops.feed as left_feed on left_feed.feed = pair.left_feed
    left join ops.feed as right_feed on right_feed.feed = pair.right_feed
    left join core.dim_person as left_person on number is not null and left_person.person_key = left_one.person_key
    left join core.dim_person as right_person on number is not null and right_person.person_key = right_one.person_key
    left join marts.dwelling_view as left_home on number is not null and left_home.dwelling_key = left_one.dwelling_key
    left join marts.dwelling_view as right_home on number is not null and right_home.dwelling_key = right_one.dwelling_key
    where
        (number is null or pair.candidate_id = number)
        and (who.committee_code is null or who.committee_code in (left_one.committee_code, right_one.committee_code))
    order by not pair.is_arrival, pair.first_seen_on, pair.candidate_id;
end
$$;

-- Decides a pair by people's word, which the next run obeys (R-PERSON-7); false where it has been decided before.
create function ops.decide_pair(token text, number bigint, answer text)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    who record;
    pair record;
begin
    select * into who from ops.board_session_of(token);
    if not found or answer not in ('same', 'different', 'unsure') then
        raise insufficient_privilege using message = 'no session that decides';
    end if;
    perform from ops.pairs_in_doubt(token, number);
    if not found and exists (select from linkage.candidate where candidate_id = number) then
        raise insufficient_privilege using message = 'another committee''s pair';
    end if;
    delete from linkage.candidate where candidate_id = number returning * into pair;
    if not found then
        return false;
    end if;
    insert into linkage.decision (kind, left_feed, left_record, right_feed, right_record, decided_by, reason)
    values (answer || '_person', pair.left_feed, pair.left_record, pair.right_feed, pair.right_record, who.account, '看板');
    return true;
end
$$;

-- A visit is seen at once, by the committee whose door it was and by the street.
alter table ops.visit_inbox enable row level security;
create policy pipeline_keeps on ops.visit_inbox to pipeline using (true) with check (true);
create policy street_reader_reads on ops.visit_inbox for select to street_reader using (true);
create policy committee_reader_reads on ops.visit_inbox for select to committee_reader
using (committee_code = (select granted.committee_code from ops.access_grant as granted where granted.role_name = current_user));
grant select on ops.visit_inbox to committee_reader, street_reader;
grant select on ops.visit_refusal to street_reader, auditor;

do $$
begin
    if not exists (select from pg_roles where rolname = 'board') then
        create role board nologin;
    end if;
end
$$;
revoke execute on function
ops.token_hash(text), ops.board_salt(text), ops.open_board_session(text, bytea, text), ops.board_session_of(text),
ops.end_board_session(text), audit.look(text, text, text [], integer, text), audit.own_looks(text, integer),
ops.record_board_visit(text, text, timestamptz, text, text, text, text, text, text), ops.pairs_in_doubt(text, bigint),
ops.decide_pair(text, bigint, text)
from public;
grant usage on schema ops, audit to board;
grant execute on function
ops.board_salt(text), ops.open_board_session(text, bytea, text), ops.board_session_of(text),
ops.end_board_session(text), audit.look(text, text, text [], integer, text), audit.own_looks(text, integer),
ops.record_board_visit(text, text, timestamptz, text, text, text, text, text, text), ops.pairs_in_doubt(text, bigint),
ops.decide_pair(text, bigint, text)
to board;

grant select on audit.access to auditor;
grant select, insert, update, delete on ops.board_account, ops.board_session to pipeline;
-- The auditor sees who has an account, not the hashes.
revoke all on ops.board_account, ops.board_session from auditor;
grant select (account, full_name, role_name, committee_code, added_by, added_at, ended_at) on ops.board_account to auditor;
grant select (account, role_name, opened_at, expires_at, ended_at) on ops.board_session to auditor;
