-- What a rule says stands beside its result; a key is followed to its records in one place. (docs/rules.md, R-BOARD-7.)

alter table ops.check_result add column rule_zh text;

-- The records behind a key of the published tables, by the name of its column: where they stand, never what stands there.
create function ops.records_behind(key_column text, key text)
returns table (feed text, batch_id bigint, row_no integer, person_key text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    -- A query a column, each by its own index.
    return query execute 'select feed, batch_id, row_no, person_key from linkage.record_link where '
        || case key_column
            when 'person_key' then 'person_key = $1'
            when 'dwelling_key' then '$1 in (dwelling_key, registered_dwelling_key)'
            when 'building_key' then 'building_key = $1'
            when 'compound_key' then '$1 in (compound_key, registered_compound_key)'
            when 'committee_code' then 'committee_code = $1'
        end
    using key;
end
$$;

-- Whose session it is, where it is of somebody who decides what is in doubt: of a committee or of the street.
create or replace function ops.deciding_session(token text)
returns table (account text, committee_code text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select who.account, who.committee_code from ops.board_session_of(token) as who
    where who.role_name not in ('board_dashboard', 'board_auditor');
    if not found then
        raise insufficient_privilege using message = 'no session that decides';
    end if;
end
$$;

-- The same for the street's session, with the files of the batches. Raises insufficient_privilege for any other.
create function ops.trace_key(token text, key text)
returns table (
    feed text, title_zh text, batch_id bigint, business_date date, sources jsonb, row_no integer, person_key text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    who record;
begin
    select * into who from ops.deciding_session(token);
    if who.committee_code is not null then
        raise insufficient_privilege using message = 'a committee doesn''t trace';
    end if;
    return query
    select found.feed, feed.title_zh, found.batch_id, batch.business_date, batch.sources, found.row_no, found.person_key
    from unnest(array['person_key', 'dwelling_key', 'building_key', 'compound_key']) as kind (key_column)
    cross join lateral ops.records_behind(kind.key_column, key) as found
    left join ops.batch as batch on batch.batch_id = found.batch_id
    left join ops.feed as feed on feed.feed = found.feed
    order by found.feed, found.batch_id, found.row_no;
end
$$;

revoke execute on function
ops.deciding_session(text), ops.records_behind(text, text), ops.trace_key(text, text)
from public;
grant execute on function ops.records_behind(text, text) to pipeline;
grant execute on function ops.trace_key(text, text) to board;
