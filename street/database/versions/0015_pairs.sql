-- A pair in doubt stands once in the queue, also where a record stands in several batches that are in force.
-- (docs/rules.md, R-PERSON-14.)

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
        (number is null or pair.candidate_id = number)
        and (who.committee_code is null or who.committee_code in (left_one.committee_code, right_one.committee_code))
    order by not pair.is_arrival, pair.first_seen_on, pair.candidate_id;
end
$$;
