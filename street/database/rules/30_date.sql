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

-- The day in the forms that machines print and clerks type, nothing around it. Patterns without groups on purpose:
-- PostgreSQL spends 40 microseconds on one that captures. Fields are cut at their separators instead, by the value's
-- shape.
create or replace function rules.plain_date(written text, reference date) returns date
language plpgsql immutable parallel safe as $$
declare
    said text := replace(written, ' ', '');
    shape text := translate(said, '123456789', '000000000');
    fields text := translate(said, '年月-.日号', '////');
    ymd integer;
    found date;
    earlier date;
begin
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
comment on function rules.plain_date(text, date) is 'The day in a plain written form with nothing around it; see read_date';

-- Chinese numerals before 年, 月, 日, 时, 分, 秒 and at the end as digits: 二〇二〇年三月二十九日 is 2020年3月29日.
create or replace function rules.dated_in_digits(written text) returns text
language plpgsql immutable parallel safe strict as $$
declare
    said text := replace(replace(written, '廿', '二十'), '卅', '三十');
    numerals text;
begin
    if strpos(said, '年') > 0 then
        said := translate(split_part(said, '年', 1), 'O〇零○一二三四五六七八九', '0000123456789')
            || substr(said, strpos(said, '年'));
    end if;
    loop
        numerals := regexp_substr(said, '[〇零○一二三四五六七八九十]+(?=[月日号时分秒]|$)');
        if numerals is null then
            return said;
        end if;
        said := overlay(
            said placing rules.chinese_number(numerals)
            from regexp_instr(said, '[〇零○一二三四五六七八九十]+(?=[月日号时分秒]|$)') for length(numerals));
    end loop;
end;
$$;
comment on function rules.dated_in_digits(text) is 'A date''s Chinese numerals as digits; see day_and_clock';

-- What is written about a day, in three: {the day, its time of day as HH:MM:SS, the offset from UTC as +HH:MM}, for a
-- clean text. The time is '' where none is written and '?' where it can't be told (上午 alone, 晚上12点); null when what
-- looks like a time is none. Weekdays and words about arriving are left out.
create or replace function rules.day_and_clock(written text) returns text[]
language plpgsql immutable parallel safe strict as $$
declare
    said text := translate(upper(written), '時點号號週禮拜', '时时号号周礼拜');
    half text;
    found text;
    clock text;
    zone text := '';
    fields text[];
    hour integer;
begin
    if length(said) > 80 then
        return null;
    end if;
    said := regexp_replace(
        said,
        '\(?(星期|周|礼拜)[一二三四五六日天]\)?|\([一二三四五六日天]\)|\m(MON|TUE|WED|THU|FRI|SAT|SUN)[A-Z]*\M[.,]?'
        '|\[[A-Z]+/[A-Z]+\]$|\((中国标准时间|CHINA STANDARD TIME)\)$|\(?北京时间\)?|\mCST\M'
        '|(抵沪|到沪|来沪|返沪|抵达|到达)[。.]?$|(?<=[时点分])(许|左右)', ' ', 'g');
    said := rules.dated_in_digits(translate(said, '点', '时'));
    said := replace(replace(replace(said, '时半', '时30分'), '时一刻', '时15分'), '时三刻', '时45分');
    said := regexp_replace(btrim(said, ' ,.;。、'), ' ?([年月日号时分秒:]) ?', '\1', 'g');
    if said ~ '^[0-9]{8}[ T]?[0-9]{4}([0-9]{2}(\.[0-9]+)?)?Z?$' then  -- 20200329T093000Z
        found := regexp_replace(substr(said, 9), '[ T]', '');
        said := left(said, 8) || ' ' || left(found, 2) || ':' || substr(found, 3, 2)
            || case when substr(found, 5) ~ '^[0-9]' then ':' else '' end || substr(found, 5);
    end if;
    half := regexp_substr(said, '上午|下午|中午|凌晨|早上|早晨|清晨|晚上|晚间|傍晚|夜里|夜间|深夜|午后|[早午晚夜]|[AP]\.?M\M\.?');
    said := replace(said, coalesce(half, ''), case when half is null then '' else ' ' end);
    found := regexp_substr(
        said,
        '(?<![0-9.:])[0-9]{1,2}(?::[0-9]{1,2}(?::[0-9]{1,2}(?:[.,][0-9]{1,9})?)?|时(?:[0-9]{1,2}分?(?:[0-9]{1,2}秒)?)?)'
        '(?: ?(?:Z|UTC|GMT)(?:[+-][0-9]{1,2}(?::?[0-9]{2})?)?| ?[+-][0-9]{2}(?::?[0-9]{2})?)?(?![0-9:A-Z])');
    if found is null then
        return array[btrim(regexp_replace(said, '(?<=[0-9])T$', ''), ' ,.;'), case when half is null then '' else '?' end, ''];
    end if;
    clock := regexp_substr(found, '^[0-9:.,时分秒]+');
    zone := btrim(substr(found, length(clock) + 1));
    if zone ~ '^-' and clock !~ ':.*:' then  -- 9:30-11:00 is a span of time
        return null;
    end if;
    fields := string_to_array(rtrim(translate(clock, '时分秒,', ':::.'), ':'), ':');
    hour := fields[1]::integer;
    if hour > 24 or fields[2]::integer > 59 or split_part(fields[3], '.', 1)::integer > 59 then
        return null;
    end if;
    hour := case
        when half is null then nullif(hour, 24)
        when hour > 12 then case when half ~ '^(下|晚|午|傍|夜|深|中|P)' then nullif(hour, 24) end
        when half ~ '^(上午|早|清)' then nullif(hour, 12)
        when half ~ '^A|凌晨' then hour % 12
        when half ~ '^(下|午后|P)' then hour % 12 + 12
        when half ~ '^(中午|午)' then case when hour >= 10 then hour when hour between 1 and 2 then hour + 12 end
        when hour between 5 and 11 then hour + 12  -- in the evening; at one it may be either day's
    end;
    clock := case
        when hour is null then '?'
        else lpad(hour::text, 2, '0') || ':' || lpad(coalesce(fields[2], ''), 2, '0')
            || ':' || coalesce(lpad(split_part(fields[3], '.', 1), 2, '0') || substr(fields[3], length(split_part(fields[3], '.', 1)) + 1), '00')
    end;
    zone := case
        when zone ~ '^(Z|UTC|GMT)$' then '+00:00'
        when zone ~ '^(Z|UTC|GMT)?[+-]' then regexp_replace(regexp_replace(zone, '^[A-Z]+', ''), '^([+-])([0-9])(?![0-9])', '\10\2')
        else ''
    end;
    return array[
        btrim(regexp_replace(replace(said, found, ' '), '(?<=[0-9日号])T?,? +$|^ +', ''), ' ,.;'), clock, zone];
end;
$$;
comment on function rules.day_and_clock(text) is '{day, time of day, offset} of what is written about a day; see read_date';

-- The date in the written forms that read_date does not take itself.
create or replace function rules.find_date(written text, reference date) returns date
language plpgsql immutable parallel safe as $$
declare
    said text := rules.clean(written);
    found date := rules.plain_date(said, reference);
    parts text[];
    month text;
begin
    if found is not null or said !~ '[0-9一二三四五六七八九十]' then
        return found;
    end if;
    parts := rules.day_and_clock(said);
    if parts[3] <> '' and left(parts[2], 8) <> '00:00:00' then
        -- An instant: its day in Shanghai. Midnight is a day that a machine has printed with a time.
        return (rules.read_timestamp(said) at time zone 'Asia/Shanghai')::date;
    end if;
    said := translate(parts[1], '‐‒–—―−_\·•・。,、', '-------/......');
    if said ~ '^[0-9]{4} [0-9]{1,2} [0-9]{1,2}$' then
        said := replace(said, ' ', '/');
    end if;
    month := regexp_substr(said, 'JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC');
    if said ~ '^([0-9]{1,2}[-/. ]*[A-Z]{3,9}|[A-Z]{3,9}[. ]*[0-9]{1,2})[-/. ]*[0-9]{4}$' then  -- 29-Mar-2020, Mar 29, 2020
        said := right(said, 4) || '/' || strpos('  JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC', month) / 3
            || '/' || regexp_substr(said, '[0-9]{1,2}');
    end if;
    return rules.plain_date(said, reference);
end;
$$;
comment on function rules.find_date(text, date) is 'The date in the rarer written forms; see read_date';

-- A date as written: see the forms in R-DATE-1. `reference` is the batch's business date and gives M月D日 and M/D
-- their year (R-DATE-2). Null when it cannot be read. Whether it lies too far back or ahead is the caller's question.
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
    parts text[];
    at_local timestamp;
begin
    -- What the feeds agreed on is cut by position; any other form takes the longer way.
    if translate(left(said, 19), 'T123456789', ' 000000000') = '0000-00-00 00:00:00'
        and substr(said, 20, 1) in ('', 'Z', '+', '-') and length(said) <= 25 then
        ymd := replace(left(said, 10), '-', '');
        on_day := rules.calendar_day(ymd);
        clock := substr(said, 12, 8);
        zone := substr(said, 20);
        if clock collate "C" > '23:59:59' or substr(clock, 4, 1) > '5' or substr(clock, 7, 1) > '5' then
            return null;
        end if;
    else
        said := rules.clean(said);
        if said ~ '^[0-9]{5}\.[0-9]{1,15}$' then  -- a serial of Excel's 1900 epoch: its fraction is the time of day
            return (
                timestamp '1899-12-30'
                + make_interval(secs => round(said::numeric * 86400)::double precision)
            ) at time zone 'Asia/Shanghai';
        end if;
        parts := rules.day_and_clock(said);
        on_day := rules.find_date(parts[1], null);
        clock := parts[2];
        zone := parts[3];
        if clock = '' then
            return on_day::timestamp at time zone 'Asia/Shanghai';
        elsif clock = '?' then
            return null;
        end if;
    end if;
    -- Microseconds are the database's resolution; what lies beyond is cut, not rounded into the next minute.
    at_local := on_day + make_time(
        split_part(clock, ':', 1)::integer,
        split_part(clock, ':', 2)::integer,
        left(split_part(clock, ':', 3), 9)::double precision);
    if zone = '' then
        return at_local at time zone 'Asia/Shanghai';
    end if;
    if zone = 'Z' then
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
