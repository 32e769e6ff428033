-- Reading dates and times. (docs/rules.md, R-DATE-1 to R-DATE-6)

-- The day written as the number YYYYMMDD, or null where the calendar has no such day; years 1900 to 9999.
create or replace function rules.calendar_day(ymd integer) returns date
language sql immutable parallel safe
return case
    when ymd between 19000101 and 99991231
        and ymd / 100 % 100 between 1 and 12
        and ymd % 100 between 1 and 28 + case
            when ymd / 100 % 100 <> 2 then 2 + (ymd / 100 % 100 + (ymd / 100 % 100) / 8) % 2
            when ymd / 10000 % 4 = 0 and (ymd / 10000 % 100 <> 0 or ymd / 10000 % 400 = 0) then 1
            else 0
        end
        then make_date(ymd / 10000, ymd / 100 % 100, ymd % 100)
end;
comment on function rules.calendar_day(integer) is
'The day written as the number YYYYMMDD, or null where the calendar has no such day; years 1900 to 9999';

-- The date in the written forms that read_date does not take itself. Patterns without groups on purpose: PostgreSQL
-- spends 40 microseconds on one that captures. Fields are cut at their separators instead, by the value's shape.
create or replace function rules.find_date(written text, reference date) returns date
language plpgsql immutable parallel safe as $$
declare
    said text := rules.clean(written);
    shape text;
    fields text;
    ymd integer;
    found date;
    earlier date;
begin
    if strpos(said, ':') > 0 then  -- a date cell printed with its time of day
        said := regexp_replace(said, '[ Tt][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?$', '');
    end if;
    said := replace(said, ' ', '');
    shape := translate(said, '123456789', '000000000');
    fields := translate(said, '年月-.日号', '////');
    if left(shape, 4) || replace(substr(shape, 5), '00', '0')
        in ('0000/0/0', '0000-0-0', '0000.0.0', '0000年0月0日', '0000年0月0号', '0000年0月0') then
        ymd := split_part(fields, '/', 1)::integer * 10000
            + split_part(fields, '/', 2)::integer * 100
            + split_part(fields, '/', 3)::integer;
        return rules.calendar_day(ymd);
    end if;
    if replace(shape, '00', '0') in ('0月0日', '0月0号', '0月0', '0/0') and reference is not null then
        -- The year is not written: the latest such day not after the reference; but where that is over 60 days
        -- back, this year's, which may lie in the future.
        ymd := extract(year from reference)::integer * 10000
            + split_part(fields, '/', 1)::integer * 100
            + split_part(fields, '/', 2)::integer;
        found := rules.calendar_day(ymd);
        if found <= reference then
            return found;
        end if;
        ymd := ymd - 10000;
        earlier := rules.calendar_day(ymd);
        return case when earlier >= reference - 60 then earlier else found end;
    end if;
    -- Numbers, perhaps printed as floats. A serial of Excel's 1900 epoch has five digits (1927 to 2173): fewer are
    -- more likely a year or a typo.
    if split_part(shape, '.', 1) = '00000' and substr(shape, 6) ~ '^(?:\.0*)?$' then
        return date '1899-12-30' + left(said, 5)::integer;
    end if;
    if split_part(shape, '.', 1) = '00000000' and rtrim(substr(said, 9), '0') in ('', '.') then
        return rules.calendar_day(left(said, 8)::integer);
    end if;
    return null;
end;
$$;
comment on function rules.find_date(text, date) is 'The date in the rarer written forms; see read_date';

-- A date as written: see the forms in R-DATE-1. `reference` is the batch's business date and gives M月D日 and M/D
-- their year. Null when it cannot be read. Whether it lies too far back or ahead is the caller's question.
create or replace function rules.read_date(written text, reference date) returns date
language sql immutable parallel safe
return case
    when length(written) = 8 and written ~ '^[0-9]+$' then rules.calendar_day(written::integer)
    else rules.find_date(written, reference)
end;
comment on function rules.read_date(text, date) is 'A date as written, or null when it cannot be read (R-DATE-1)';

-- Whether a birth date gives its month or day as 00.
create or replace function rules.is_partial_birth_date(written text) returns boolean
language sql immutable parallel safe
return coalesce(
    rules.clean(written) ~ '^[0-9]{4}(00[0-9]{2}|[0-9]{2}00)(\.0*)?$'
    or rules.clean(written) ~ '^[0-9]{4}([-/.])(0{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.]0{1,2})( |T|$)'
    or rules.clean(written) ~ '^[0-9]{4} ?年 ?(0{1,2} ?月 ?[0-9]{1,2}|[0-9]{1,2} ?月 ?0{1,2}) ?[日号]?$',
    false);
comment on function rules.is_partial_birth_date(text) is
'Whether a birth date gives its month or day as 00, which read_birth_date takes as 01: a flag (R-DATE-4)';

-- A birth date: the forms of read_date that carry a year; month or day 00 counts as 01.
create or replace function rules.read_birth_date(written text) returns date
language sql immutable parallel safe
return case
    -- What nearly every value is: eight digits without an empty month or day.
    when length(written) = 8 and written ~ '^[0-9]+$' and written !~ '00$|^[0-9]{4}00'
        then rules.calendar_day(written::integer)
    when rules.is_partial_birth_date(written)
        then rules.read_date(
            regexp_replace(
                regexp_replace(rules.clean(written), '^([0-9]{4}[^0-9]*)(?:00|0(?![0-9]))', '\101'),
                '^([0-9]{4}[^0-9]*[0-9]{1,2}[^0-9]*)(?:00|0(?![0-9]))', '\101'),
            null)
    else rules.read_date(written, null)
end;
comment on function rules.read_birth_date(text) is
'A birth date, month or day 00 counting as 01; null when it cannot be read (R-DATE-4)';

-- A point in time: ISO 8601 with an offset, or the date forms that carry a year with a time of day, on Shanghai's
-- clock where no offset is written; a day alone begins at midnight. Null when it cannot be read.
create or replace function rules.read_timestamp(written text) returns timestamptz
language plpgsql immutable parallel safe as $$
declare
    said text := written;
    ymd integer;
    on_day date;
    clock text;
    zone text;
    at_local timestamp;
begin
    -- What the feeds agreed on is cut by position; any other form takes the longer way.
    if translate(left(said, 19), 'T123456789', ' 000000000') = '0000-00-00 00:00:00'
        and substr(said, 20, 1) not in ('.', ',') then
        ymd := replace(left(said, 10), '-', '');
        on_day := rules.calendar_day(ymd);
        clock := substr(said, 12, 8);
        zone := btrim(substr(said, 20));
        if clock collate "C" > '23:59:59' or substr(clock, 4, 1) > '5' or substr(clock, 7, 1) > '5' then
            return null;
        end if;
    else
        said := regexp_replace(rules.clean(said), '([日号]|[0-9]T)(?=[0-9])', '\1 ');
        if said ~ '^[0-9]{5}\.[0-9]{1,15}$' then  -- a serial of Excel's 1900 epoch: its fraction is the time of day
            return (
                timestamp '1899-12-30'
                + make_interval(secs => round(said::numeric * 86400)::double precision)
            ) at time zone 'Asia/Shanghai';
        end if;
        on_day := rules.read_date(rtrim(split_part(said, ' ', 1), 'Tt'), null);
        clock := replace(substr(said, length(split_part(said, ' ', 1)) + 2), ' ', '');
        if clock = '' then
            return on_day::timestamp at time zone 'Asia/Shanghai';
        end if;
        zone := coalesce(regexp_substr(clock, '[Zz+-].*$'), '');
        clock := left(clock, length(clock) - length(zone));
        if clock !~ '^(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?$' then
            return null;
        end if;
    end if;
    -- Microseconds are the database's resolution; what lies beyond is cut, not rounded into the next minute.
    at_local := on_day + make_time(
        split_part(clock, ':', 1)::integer,
        split_part(clock, ':', 2)::integer,
        left('0' || replace(split_part(clock, ':', 3), ',', '.'), 10)::double precision);
    if zone = '' then
        return at_local at time zone 'Asia/Shanghai';
    end if;
    if zone in ('Z', 'z') then
        return at_local at time zone 'UTC';
    end if;
    if zone ~ '^[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?$' then
        return (
            at_local - (left(zone, 1) || '1')::integer * make_interval(
                hours => substr(zone, 2, 2)::integer,
                mins => coalesce(nullif(replace(substr(zone, 4), ':', ''), ''), '0')::integer)
        ) at time zone 'UTC';
    end if;
    return null;
end;
$$;
comment on function rules.read_timestamp(text) is
'A point in time, on Shanghai''s clock unless an offset is written; null when it cannot be read (R-DATE-5)';

-- Age in full years; someone born on 29 February is a year older on 1 March. Null before birth.
create or replace function rules.age(birth_date date, on_day date) returns integer
language sql immutable parallel safe
return case
    when birth_date <= on_day then extract(year from pg_catalog.age(on_day::timestamp, birth_date::timestamp))::integer
end;
comment on function rules.age(date, date) is 'Age in full years on a day; null before birth (R-DATE-6)';
