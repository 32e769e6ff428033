-- Reading dates and times. (docs/rules.md, R-DATE-1 to R-DATE-6)

-- The date, or null where the calendar has no such day; years 1900 to 9999.
create or replace function rules.calendar_date(year integer, month integer, day integer) returns date
language sql immutable parallel safe
return case
    when year between 1900 and 9999 and month between 1 and 12 and day between 1 and (
        case
            when month <> 2 then 30 + (month + month / 8) % 2
            when year % 4 = 0 and (year % 100 <> 0 or year % 400 = 0) then 29
            else 28
        end)
        then make_date(year, month, day)
end;
comment on function rules.calendar_date(integer, integer, integer) is
'The date, or null where the calendar has no such day; years 1900 to 9999';

-- The date in any of the written forms but YYYYMMDD and YYYY-MM-DD, which read_date takes itself.
create or replace function rules.find_date(written text, reference date) returns date
language plpgsql immutable parallel safe as $$
declare
    said text := rules.clean(written);
    part text[];
    found date;
begin
    -- a date cell printed with its time, or a number printed as a float
    said := regexp_replace(said, '(?: |(?<=[0-9])[Tt])[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?$', '');
    if said ~ '^[0-9]{5}(\.[0-9]*)?$' then
        -- A serial of Excel's 1900 epoch. Five digits only (1927 to 2173): fewer are more likely a year or a typo.
        return date '1899-12-30' + left(said, 5)::integer;
    end if;
    part := regexp_match(said, '^([0-9]{4})([0-9]{2})([0-9]{2})(?:\.0*)?$');
    part := coalesce(part, regexp_match(said, '^([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})$'));
    part := coalesce(part, regexp_match(said, '^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})$'));
    part := coalesce(part, regexp_match(said, '^([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})$'));
    part := coalesce(part, regexp_match(said, '^([0-9]{4}) ?年 ?([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号]?$'));
    if part is not null then
        return rules.calendar_date(part[1]::integer, part[2]::integer, part[3]::integer);
    end if;
    part := coalesce(
        regexp_match(said, '^([0-9]{1,2}) ?月 ?([0-9]{1,2}) ?[日号]?$'),
        regexp_match(said, '^([0-9]{1,2})/([0-9]{1,2})$'));
    if part is null or reference is null then
        return null;
    end if;
    -- The year is not written: the latest such day not after the reference, but this year's (which then lies in the
    -- future) where that is over 60 days back.
    found := rules.calendar_date(extract(year from reference)::integer, part[1]::integer, part[2]::integer);
    if found is null or found > reference then
        declare
            earlier date := rules.calendar_date(
                extract(year from reference)::integer - 1, part[1]::integer, part[2]::integer);
        begin
            if earlier >= reference - 60 then
                return earlier;
            end if;
        end;
    end if;
    return found;
end;
$$;
comment on function rules.find_date(text, date) is 'The date in the rarer written forms; see read_date';

-- A date as written: see the forms in R-DATE-1. `reference` is the batch's business date and gives M月D日 and M/D
-- their year. Null when it cannot be read. Whether it lies too far back or ahead is the caller's question.
create or replace function rules.read_date(written text, reference date) returns date
language sql immutable parallel safe
return case
    when written ~ '^[0-9]{8}$'
        then rules.calendar_date(
            left(written, 4)::integer, substr(written, 5, 2)::integer, right(written, 2)::integer)
    when written ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'
        then rules.calendar_date(
            left(written, 4)::integer, substr(written, 6, 2)::integer, right(written, 2)::integer)
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

-- A point in time from its parts; null where the calendar or the clock has none. `zone` is Z, ±HH, ±HHMM, ±HH:MM, or
-- empty for Shanghai's clock.
create or replace function rules.clock_time(on_day date, clock text, zone text) returns timestamptz
language sql immutable parallel safe
return case
    when clock !~ '^([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]{1,9})?)?$' then null
    when zone is null then (on_day + replace(clock, ',', '.')::time) at time zone 'Asia/Shanghai'
    when zone in ('Z', 'z') then (on_day + replace(clock, ',', '.')::time) at time zone 'UTC'
    when zone ~ '^[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?$'
        then (
            on_day + replace(clock, ',', '.')::time
            - (left(zone, 1) || '1')::integer * make_interval(
                hours => substr(zone, 2, 2)::integer, mins => coalesce(substring(zone from '[0-9]{2}$'), '0')::integer
                    * (length(zone) > 3)::integer)
        ) at time zone 'UTC'
end;
comment on function rules.clock_time(date, text, text) is
'A point in time from a day, its clock and its zone (none: Shanghai''s); null where there is no such time';

-- A point in time in the rarer forms; see read_timestamp.
create or replace function rules.find_timestamp(written text) returns timestamptz
language plpgsql immutable parallel safe as $$
declare
    said text := rules.clean(written);
    part text[] := regexp_match(
        said,
        '^([0-9]{4}[-/.年] ?[0-9]{1,2}[-/.月] ?[0-9]{1,2}[日号]?|[0-9]{8})(?: |[Tt])?'
        '([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?) ?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?$');
begin
    if part is not null then
        return rules.clock_time(rules.read_date(part[1], null), part[2], part[3]);
    end if;
    if said ~ '^[0-9]{5}\.[0-9]+$' then  -- a serial of Excel's 1900 epoch: the fraction is the time of day
        return (
            timestamp '1899-12-30' + left(said, 5)::integer * interval '1 day'
            + round((said::numeric - left(said, 5)::integer) * 86400) * interval '1 second'
        ) at time zone 'Asia/Shanghai';
    end if;
    return rules.read_date(said, null)::timestamp at time zone 'Asia/Shanghai';  -- a day alone begins at midnight
end;
$$;
comment on function rules.find_timestamp(text) is 'A point in time in the rarer written forms; see read_timestamp';

-- A point in time: ISO 8601 with an offset, or the date forms that carry a year with a time of day, on Shanghai's
-- clock where no offset is written. Null when it cannot be read.
create or replace function rules.read_timestamp(written text) returns timestamptz
language sql immutable parallel safe
return case
    when written ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}$'
        then rules.clock_time(
            rules.calendar_date(
                left(written, 4)::integer, substr(written, 6, 2)::integer, substr(written, 9, 2)::integer),
            substr(written, 12), null)
    else rules.find_timestamp(written)
end;
comment on function rules.read_timestamp(text) is
'A point in time, on Shanghai''s clock unless an offset is written; null when it cannot be read (R-DATE-5)';

-- Age in full years; someone born on 29 February is a year older on 1 March. Null before birth.
create or replace function rules.age(birth_date date, on_day date) returns integer
language sql immutable parallel safe
return case
    when birth_date <= on_day then extract(year from pg_catalog.age(on_day::timestamp, birth_date::timestamp))::integer
end;
comment on function rules.age(date, date) is 'Age in full years on a day; null before birth (R-DATE-6)';
