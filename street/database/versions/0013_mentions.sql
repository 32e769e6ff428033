-- Whom records that only mention somebody may mean, written anew by linkage for every build. (docs/rules.md, R-VISIT-2.)

create procedure linkage.make_mentions()
language plpgsql
as $$
begin
    drop table if exists build.mention;
    create unlogged table build.mention (
        feed text not null,
        batch_id bigint not null,
        row_no integer not null,
        person_key text not null,
        how text not null check (how in ('key', 'document', 'phone', 'name')),
        primary key (feed, batch_id, row_no, how, person_key)
    );
end
$$;
