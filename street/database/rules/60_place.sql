-- Reading a place that stands in columns of its own. (docs/rules.md, R-ROW-4)

-- A compound's name without its typography.
create or replace function rules.place_name(written text) returns text
language sql immutable parallel safe
return nullif(replace(rules.clean(written), ' ', ''), '');
comment on function rules.place_name(text) is 'A compound''s name without its typography (R-ROW-4)';

-- A number in Chinese numerals, as digits: 三十 is 30, 五〇二 is 502, 一百零二 is 102. The text holds numerals alone.
create or replace function rules.chinese_number(numerals text) returns text
language plpgsql immutable parallel safe strict as $$
declare
    digits text := translate(numerals, '〇零○一二两三四五六七八九', '0001223456789');
    total integer := 0;
    digit integer;
    sign text;
begin
    if digits ~ '^[0-9]+$' then
        return digits;
    end if;
    foreach sign in array regexp_split_to_array(digits, '') loop
        if sign ~ '[0-9]' then
            digit := sign::integer;
        else
            total := total + coalesce(nullif(digit, 0), 1) * case sign when '千' then 1000 when '百' then 100 else 10 end;
            digit := 0;
        end if;
    end loop;
    return (total + digit)::text;
end;
$$;
comment on function rules.chinese_number(text) is 'Chinese numerals as digits: 三十 is 30, 五〇二 is 502';

-- The number of a building or a room as keys compare it: 30, ３０号, 30号楼, 30幢 and 三十号 are all 30, 五〇二室 is 502,
-- 2单元502室 is 2-502. O for 0 and I or l for 1 inside a number are read as digits. Null when nothing is left.
create or replace function rules.place_number(written text) returns text
language plpgsql immutable parallel safe as $$
declare
    said text;
begin
    if written ~ '^[0-9]+$' then
        return written;
    end if;
    said := regexp_replace(rules.place_name(written), '(号楼|[号號幢栋棟座楼樓室户戶房#])+$', '');
    said := regexp_replace(said, '(单元|單元)', '-');
    if said ~ '^[〇零○一二两三四五六七八九十百千]+$' then
        return rules.chinese_number(said);
    elsif said ~ '^[0-9OoIl]+$' and said ~ '[0-9]' then
        return translate(said, 'OoIl', '0011');
    end if;
    return nullif(upper(said), '');
end;
$$;
comment on function rules.place_number(text) is
'The number of a building or room as keys compare it: 30号楼 and 三十号 are 30 (R-ROW-4)';
