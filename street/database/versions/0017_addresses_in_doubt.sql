-- Pairs of records and addresses wait in one queue; each is shown and decided as what it is. (docs/rules.md, R-PERSON-14,
-- R-BOARD-6.)

create or replace function ops.pairs_in_doubt(token text, number bigint default null)
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
    left join lateral (
        select link.person_key, link.dwelling_key, link.committee_code from linkage.record_link as link
        where link.feed = pair.left_feed and link.record = pair.left_record
        order by link.batch_id, link.row_no
        limit 1
    ) as left_one on true
    left join lateral (
        select link.person_key, link.dwelling_key, link.committee_code from linkage.record_link as link
        where link.feed = pair.right_feed and link.record = pair.right_record
        order by link.batch_id, link.row_no
        limit 1
    ) as right_one on true
    left join ops.feed as left_feed on left_feed.feed = pair.left_feed
    left join ops.feed as right_feed on right_feed.feed = pair.right_feed
    left join core.dim_person as left_person on number is not null and left_person.person_key = left_one.person_key
    left join core.dim_person as right_person on number is not null and right_person.person_key = right_one.person_key
    left join marts.dwelling_view as left_home on number is not null and left_home.dwelling_key = left_one.dwelling_key
    left join marts.dwelling_view as right_home on number is not null and right_home.dwelling_key = right_one.dwelling_key
    where
        pair.right_record is not null
        and (number is null or pair.candidate_id = number)
        and (who.committee_code is null or who.committee_code in (left_one.committee_code, right_one.committee_code))
    order by not pair.is_arrival, pair.first_seen_on, pair.candidate_id;
end
$$;

-- An address that names no door for certain, and the doors that it may mean; who it is of only where one is asked for.
-- A committee decides those that may be its own: of its place as far as that is certain, or with a door of its among them.
create function ops.addresses_in_doubt(token text, number bigint default null)
returns table (
    candidate_id bigint, is_arrival boolean, first_seen_on date, feed_title text, place_level text,
    person_key text, full_name text, age integer, id_masked text, phone text,
    dwelling_keys text [], addresses text []
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
        asked.candidate_id, asked.is_arrival, asked.first_seen_on, feed.title_zh, link.place_level,
        link.person_key, person.full_name, person.age, person.id_masked, person.phone,
        coalesce(doors.dwelling_keys, '{}'), coalesce(doors.addresses, '{}')
    from linkage.candidate as asked
    inner join lateral (
        select each.person_key, each.place_level, each.committee_code, each.candidates from linkage.record_link as each
        where each.feed = asked.left_feed and each.record = asked.left_record
        order by each.batch_id, each.row_no
        limit 1
    ) as link on true
    left join ops.feed on feed.feed = asked.left_feed
    left join core.dim_person as person on number is not null and person.person_key = link.person_key
    left join lateral (
        select
            array_agg(door.dwelling_key order by door.address, door.dwelling_key) as dwelling_keys,
            array_agg(door.address order by door.address, door.dwelling_key) as addresses,
            array_agg(door.committee_code) as committees
        from marts.dwelling_view as door
        where link.candidates ? door.dwelling_key
    ) as doors on true
    where
        asked.right_record is null
        and (number is null or asked.candidate_id = number)
        and (
            who.committee_code is null or who.committee_code = link.committee_code
            or who.committee_code = any(doors.committees)
        )
    order by not asked.is_arrival, asked.first_seen_on, asked.candidate_id;
end
$$;

-- Keeps the word on an address: one of the doors that it may mean, or (null) that nobody can tell. False where nothing
-- waits under the number any more.
create function ops.decide_address(token text, number bigint, door text)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    who record;
    asked record;
begin
    select * into who from ops.board_session_of(token);
    select * into asked from ops.addresses_in_doubt(token, number);
    if not found then
        if exists (select from linkage.candidate where candidate_id = number) then
            raise insufficient_privilege using message = 'another committee''s address';
        end if;
        return false;
    end if;
    if door is not null and not door = any(asked.dwelling_keys) then
        raise insufficient_privilege using message = 'a door that it doesn''t mean';
    end if;
    with taken as (
        delete from linkage.candidate where candidate_id = number returning left_feed, left_record
    )

    insert into linkage.decision (kind, left_feed, left_record, dwelling_key, decided_by, reason)
    select 'place', taken.left_feed, taken.left_record, door, who.account, '看板' from taken;
    return found;
end
$$;

revoke execute on function ops.addresses_in_doubt(text, bigint), ops.decide_address(text, bigint, text) from public;
grant execute on function ops.addresses_in_doubt(text, bigint), ops.decide_address(text, bigint, text) to board;
