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
create function ops.open_board_session(named text, given_hash bytea, token text, lasts interval)
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
    values (ops.token_hash(token), named, known.role_name, clock_timestamp() + least(lasts, interval '12 hours'));
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

do $$
begin
    if not exists (select from pg_roles where rolname = 'board') then
        create role board nologin;
    end if;
end
$$;
revoke execute on function
ops.token_hash(text), ops.board_salt(text), ops.open_board_session(text, bytea, text, interval), ops.board_session_of(text),
ops.end_board_session(text), audit.look(text, text, text [], integer, text), audit.own_looks(text, integer)
from public;
grant usage on schema ops, audit to board;
grant execute on function
ops.board_salt(text), ops.open_board_session(text, bytea, text, interval), ops.board_session_of(text),
ops.end_board_session(text), audit.look(text, text, text [], integer, text), audit.own_looks(text, integer)
to board;

grant select on audit.access to auditor;
grant select, insert, update, delete on ops.board_account, ops.board_session to pipeline;
-- The auditor sees who has an account, not the hashes.
revoke all on ops.board_account, ops.board_session from auditor;
grant select (account, full_name, role_name, committee_code, added_by, added_at, ended_at) on ops.board_account to auditor;
grant select (account, role_name, opened_at, expires_at, ended_at) on ops.board_session to auditor;
