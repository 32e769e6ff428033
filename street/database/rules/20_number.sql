-- Reading numbers, codes and telephone numbers. (docs/rules.md, R-VAL-3 to R-VAL-5)

-- A decimal number: sign, thousands commas, fraction, exponent; ¥ before it or a unit the feeds use after it is
-- allowed. Null when anything else is written.
create or replace function rules.read_numeric(written text) returns numeric
language sql immutable parallel safe
return case
    when written ~ '^[+-]?[0-9]{1,30}(\.[0-9]{1,30})?$' then written::numeric
    when rules.clean(written)
        ~ ('^¥? ?[+-]?([0-9]{1,30}|[0-9]{1,3}(,[0-9]{3}){1,9})(\.[0-9]{0,30})?([eE][+-]?[0-9]{1,2})?'
           ' ?(元|°C|度|m2|m3|平方米|立方米|[kK][wW][hH])?$')
        then substring(replace(rules.clean(written), ',', '') from '[+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?')::numeric
end;
comment on function rules.read_numeric(text) is 'A decimal number, or null when it cannot be read (R-VAL-3)';

-- A whole number that fits an integer; `3.0` is one, `3.5` is not.
create or replace function rules.read_int(written text) returns integer
language sql immutable parallel safe
return case
    when written ~ '^[+-]?[0-9]{1,9}$' then written::integer
    when rules.read_numeric(written) between -2147483648 and 2147483647
        and rules.read_numeric(written) = trunc(rules.read_numeric(written))
        then rules.read_numeric(written)::integer
end;
comment on function rules.read_int(text) is 'A whole number, or null when it cannot be read (R-VAL-3)';

-- GB/T 2261.1: 0 unknown, 1 male, 2 female, 9 not stated; from the code, 男/女 or M/F/X.
create or replace function rules.read_sex(written text) returns integer
language sql immutable parallel safe
return case upper(rules.clean(written))
    when '1' then 1 when '男' then 1 when '男性' then 1 when 'M' then 1
    when '2' then 2 when '女' then 2 when '女性' then 2 when 'F' then 2
    when '0' then 0 when '未知' then 0
    when '9' then 9 when '未说明' then 9 when 'X' then 9
    when '1.0' then 1 when '2.0' then 2 when '0.0' then 0 when '9.0' then 9
end;
comment on function rules.read_sex(text) is 'The sex by GB/T 2261.1 (0, 1, 2, 9), or null when it cannot be read (R-VAL-4)';

-- The first telephone number within free text. Called by read_phone for what is not eleven bare digits.
create or replace function rules.find_phone(written text) returns text
language plpgsql immutable parallel safe as $$
declare
    said text := rules.clean(written);
    bare text;
    found text;
begin
    if said ~ '[0-9]\.' then  -- a float
        if said ~ '^[1-9]\.[0-9]+[eE]\+?0?1[01]$' then
            -- All digits are there, or some were lost when the cell was printed: such a value is no phone.
            bare := replace(split_part(upper(said), 'E', 1), '.', '');
            if length(bare) <= right(said, 2)::integer then
                return null;
            end if;
            said := left(bare, right(said, 2)::integer + 1);
        elsif said ~ '^[0-9]{7,15}\.0*$' then
            said := split_part(said, '.', 1);
        elsif said ~ '^[0-9]+\.[0-9]*(?:[eE][+-]?[0-9]*)?$' then
            return null;
        end if;
    end if;
    -- One number with nothing around it, however it is grouped.
    bare := translate(said, '0123456789 -()', '0123456789');
    if bare ~ '^\+?[0-9]+$' then
        found := case
            when length(bare) = 11 and left(bare, 1) = '1' then bare
            when left(bare, 3) = '861' and length(bare) = 13 then substr(bare, 3)
            when left(bare, 4) = '+861' and length(bare) = 14 then substr(bare, 4)
            when left(bare, 5) = '00861' and length(bare) = 15 then substr(bare, 5)
            when left(bare, 1) = '1' and substr(bare, 12, 1) = '1' and length(bare) = 22 then left(bare, 11)
            when length(bare) = 8 and left(bare, 1) between '2' and '9' then '021' || bare
            when length(bare) between 10 and 12 and left(bare, 1) = '0' and substr(bare, 2, 1) <> '0' then bare
            when length(bare) = 10 and left(bare, 3) in ('400', '800') then bare
        end;
        if found is not null then
            return found;
        end if;
    end if;
    -- A number with something around it. No digit may stand before or after, so that no part of a longer number (an
    -- ID, a bank card) is taken for a phone. In turn: mobile; abroad (+ or 00 and the country's code); area code and
    -- landline; a landline of Shanghai.
    found := regexp_substr(said, '(?<![0-9])(?:(?:\+|00)?86[ )-]{0,2})?1(?:[ -]?[0-9]){10}(?![0-9])');
    if found is not null then
        return right(regexp_replace(found, '[^0-9]', '', 'g'), 11);
    end if;
    found := regexp_substr(said, '(?:\+|(?<![0-9])00)(?!86)[1-9](?:[ ()-]{0,2}[0-9]){6,14}(?![0-9])');
    if found is not null then
        return ltrim(regexp_replace(found, '[^0-9]', '', 'g'), '0');
    end if;
    found := regexp_substr(
        said, '(?:(?:\+|(?<![0-9])00)86[ (-]{0,2}0?|(?<![0-9])0)[1-9][0-9]{1,2}[ )-]{0,2}[2-9](?:[ -]?[0-9]){6,7}(?![0-9])');
    if found is not null then
        return '0' || regexp_replace(regexp_replace(found, '[^0-9]', '', 'g'), '^(?:(?:00)?86)?0?', '');
    end if;
    found := regexp_substr(said, '(?<![0-9])[2-9][0-9]{3}[ -]?[0-9]{4}(?![0-9])');
    return '021' || regexp_replace(found, '[^0-9]', '', 'g');
end;
$$;
comment on function rules.find_phone(text) is 'The first telephone number within free text, digits only; see read_phone';

-- A telephone number as digits: a mobile has eleven, a landline its area code (021 where none is written), a number
-- abroad its country code. Floats are read where they kept all digits. Null when there is none.
create or replace function rules.read_phone(written text) returns text
language sql immutable parallel safe
return case when length(written) = 11 and written ~ '^1[0-9]+$' then written else rules.find_phone(written) end;
comment on function rules.read_phone(text) is 'A telephone number as digits, or null when there is none (R-VAL-5)';
