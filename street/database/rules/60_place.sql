-- Reading a place that stands in columns of its own. (docs/rules.md, R-ROW-4, R-PLACE-13)

-- A compound's name without its typography.
create or replace function rules.place_name(written text) returns text
language sql immutable parallel safe
return nullif(replace(rules.clean(written), ' ', ''), '');
comment on function rules.place_name(text) is 'A compound''s name without its typography (R-ROW-4)';

-- A number in Chinese numerals, as digits: 三十 is 30, 五〇二 is 502, 一百零二 is 102. The text holds numerals alone.
-- What is no number, or could be two (三百五, 二三十), stays as it is.
create or replace function rules.chinese_number(numerals text) returns text
language plpgsql immutable parallel safe strict as $$
declare
    said text := replace(replace(numerals, '廿', '二十'), '卅', '三十');
    digits text := translate(said, '〇零○一二两三四五六七八九', '0001223456789');
    total integer := 0;
    digit integer := 0;
    sign text;
begin
    if digits ~ '^[0-9]+$' then
        return digits;
    elsif said !~ ('^([一二两三四五六七八九]千($|[〇零○]([一二两三四五六七八九]?十[一二两三四五六七八九]?|[一二两三四五六七八九])$'
                   '|(?=[一二两三四五六七八九]百)))?'
                   '([一二两三四五六七八九]百($|[〇零○][一二两三四五六七八九]$|(?=[一二两三四五六七八九]?十)))?'
                   '([一二两三四五六七八九]?十[一二两三四五六七八九]?)?$') then
        return numerals;
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
comment on function rules.chinese_number(text) is 'Chinese numerals as digits: 三十 is 30, 五〇二 is 502 (R-PLACE-13)';

-- The number of a building or a room as keys compare it: 30, ３０号, 30号楼, 30.0 and 三十号 are all 30, 五〇二室 is 502,
-- 三A号楼 and 3-A are 3A, 2单元502室 is 2-502. O for 0 and I or l for 1 beside a digit are digits. Null when nothing is
-- left. Its twin is linkage/numbers.py, step for step.
create or replace function rules.place_number(written text) returns text
language plpgsql immutable parallel safe as $$
declare
    said text;
begin
    if written ~ '^[0-9]+$' then
        return written;
    elsif written ~ '^[0-9]+(号楼|[号幢栋座楼室户房])$' then
        return substring(written from '^[0-9]+');
    end if;
    written := rules.clean(written);
    said := translate(written, '號樓棟單層門戶', '号楼栋单层门户');
    said := regexp_replace(
        said, '(?<=[0-9A-Za-z〇零○一二两三四五六七八九十百千廿卅]) (?=[0-9A-Za-z〇零○一二两三四五六七八九十百千廿卅])', '-', 'g'
    );
    said := regexp_replace(replace(said, ' ', ''), '([0-9])\.0+(?![0-9])', '\1', 'g');
    said := replace(regexp_replace(said, '^(第|#|[Nn][Oo]\.?)(?=[0-9])', ''), '#', '号');
    said := regexp_replace(said, '[-/\\_~–—―‐‑−,、;:|.。·()\[\]{}【】〔〕<>《》]+', '-', 'g');
    said := case when written ~ '^-[0-9]' then regexp_replace(said, '-$', '') else btrim(said, '-') end;
    -- A run of numerals that stands beside digits (3十) is left as it is.
    if said ~ '[〇零○一二两三四五六七八九十百千廿卅]' then
        select string_agg(
            case when piece[1] ~ '^[〇零○一二两三四五六七八九十百千廿卅]+$' then rules.chinese_number(piece[1]) else piece[1] end,
            '' order by place
        )
        into said
        from regexp_matches(
            said, '[0-9〇零○一二两三四五六七八九十百千廿卅]+|[^0-9〇零○一二两三四五六七八九十百千廿卅]+', 'g'
        ) with ordinality as pieces (piece, place);
    end if;
    if said ~ '[OoIl]' then
        said := regexp_replace(said, '[Oo](?=[OoIl]*[0-9])', '0', 'g');
        said := regexp_replace(said, '[Il](?=[OoIl]*[0-9])', '1', 'g');
        said := regexp_replace(said, '(?<=[0-9][OoIl]*)[Oo]', '0', 'g');
        said := regexp_replace(said, '(?<=[0-9][OoIl]*)[Il]', '1', 'g');
        if said ~ '^([OoIl]{2,}|l)($|[号幢栋座楼室户房])' then
            said := translate(substring(said from '^[OoIl]+'), 'OoIl', '0011') || ltrim(said, 'OoIl');
        end if;
    end if;
    said := translate(said, 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');
    said := regexp_replace(said, '(?<=[0-9A-Z甲乙丙丁])(单元|门|梯)-?(?=.)', '-', 'g');
    said := regexp_replace(said, '[室户房]-?(?=[A-Z甲乙丙丁]$)', '', 'g');
    said := regexp_replace(said, '[号幢栋座楼室户房]+$', '');
    said := regexp_replace(said, '^([A-Z甲乙丙丁])-([0-9]+)$', '\1\2');
    said := regexp_replace(said, '^([0-9]+)-([A-Z甲乙丙丁])$', '\1\2');
    return nullif(said, '');
end;
$$;
comment on function rules.place_number(text) is
'The number of a building or room as keys compare it: 30号楼 and 三十号 are 30 (R-ROW-4, R-PLACE-13)';
