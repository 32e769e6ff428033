-- Reading numbers, codes and telephone numbers. (docs/rules.md, R-VAL-3 to R-VAL-6)

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
-- Each pattern insists that no digit stands before or after it, so that no part of a longer number (an ID, a bank
-- card) is taken for a phone.
create or replace function rules.find_phone(written text) returns text
language plpgsql immutable parallel safe as $$
declare
    said text := rules.clean(written);
    -- a float in scientific notation: 1.3916123456E+10
    float_parts text[] := regexp_match(said, '^([1-9])\.([0-9]+)[eE]\+?0?(10|11)$');
    found text;
begin
    if float_parts is not null then
        -- Fewer digits than the exponent asks for were lost when the cell was printed: such a value is no phone.
        if length(rtrim(substr(float_parts[2], float_parts[3]::integer + 1), '0')) > 0
            or length(float_parts[2]) < float_parts[3]::integer then
            return null;
        end if;
        said := float_parts[1] || left(float_parts[2], float_parts[3]::integer);
    else
        said := regexp_replace(said, '^([0-9]{7,15})\.0*$', '\1');
    end if;
    if said ~ '^[0-9]*\.[0-9]*([eE]|$)' then
        return null;
    end if;
    -- two mobiles run together, or both written with a space that cleaning kept
    found := substring(said from '^(1[0-9]{10})1[0-9]{10}$');
    if found is null then
        found := substring(
            said from '(?:^|[^0-9])(?:(?:\+|00)?86[ )-]*)?(1(?:[ -]?[0-9]){10})(?:[^0-9]|$)');
    end if;
    if found is null then  -- a number abroad, Hong Kong, Macao or Taiwan: + or 00 and the country's code
        found := substring(
            said from '(?:^|[^0-9])(?:\+|00)((?!86)[1-9](?:[ ()-]{0,2}[0-9]){7,14})(?:[^0-9]|$)');
    end if;
    if found is null then  -- area code and number: 021-58451234
        found := substring(
            said from '(?:^|[^0-9])(?:(?:\+|00)86[ -]*\(?0?|\(?0)([1-9][0-9]{1,2}[ )-]*(?:[ -]?[0-9]){7,8})(?:[^0-9]|$)');
        found := '0' || found;
    end if;
    if found is null then  -- eight digits: a Shanghai number without its area code
        found := substring(said from '(?:^|[^0-9])([2-9][0-9]{3}[ -]?[0-9]{4})(?:[^0-9]|$)');
        found := '021' || found;
    end if;
    if found is null then
        found := substring(said from '(?:^|[^0-9])([48]00(?:[ -]?[0-9]){7})(?:[^0-9]|$)');
    end if;
    return regexp_replace(found, '[^0-9]', '', 'g');
end;
$$;
comment on function rules.find_phone(text) is 'The first telephone number within free text, digits only; see read_phone';

-- A telephone number as digits: a mobile has eleven, a landline its area code (021 where none is written), a number
-- abroad its country code. Floats are read where they kept all digits. Null when there is none.
create or replace function rules.read_phone(written text) returns text
language sql immutable parallel safe
return case when written ~ '^1[0-9]{10}$' then written when written ~ '[0-9０-９]' then rules.find_phone(written) end;
comment on function rules.read_phone(text) is 'A telephone number as digits, or null when there is none (R-VAL-5)';
