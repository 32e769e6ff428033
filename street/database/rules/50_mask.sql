-- Masking: what a mart may show of a number. (docs/rules.md, R-PRIV-3, R-MASK-1, R-MASK-2)

-- The mask of a compact number: 18 characters keep their first 6 and last 4, others their first 2 and last 2, under
-- 10 characters their first and last; one or two keep nothing.
create or replace function rules.mask_compact(compact text) returns text
language sql immutable parallel safe
return case
    when compact ~ '^[0-9]{6}.{8}[0-9X*]{4}$' then left(compact, 6) || '********' || right(compact, 4)
    when length(compact) >= 10 then left(compact, 2) || repeat('*', length(compact) - 4) || right(compact, 2)
    when length(compact) > 2 then left(compact, 1) || repeat('*', length(compact) - 2) || right(compact, 1)
    else repeat('*', length(compact))
end;
comment on function rules.mask_compact(text) is 'The mask of a compact number; see mask';

-- What mask doesn't do itself: as mask_compact, a legacy resident ID converted to 18 characters first, a
-- disability certificate as the resident ID within and its type and level. Null when blank.
create or replace function rules.mask_written(kind text, number text) returns text
language plpgsql immutable parallel safe as $$
declare
    compact text := rules.document_text(number);
begin
    if length(compact) = 18 then
        return rules.mask_compact(compact);
    elsif rules.is_blank(number) then
        return null;
    elsif length(compact) = 15 and coalesce(kind, 'resident_id') = 'resident_id' then
        return rules.mask_compact(coalesce(rules.canonical_id(compact), compact));
    elsif length(compact) >= 20 and coalesce(kind, 'disability_certificate') = 'disability_certificate'
        and compact ~ '^[0-9]{6}[0-9*]{8}[0-9]{3}[0-9X][0-9]{2}(?:B[0-9]{0,2})?$' then
        return rules.mask_compact(left(compact, 18)) || substr(compact, 19, 2);
    end if;
    return rules.mask_compact(compact);
end;
$$;
comment on function rules.mask_written(text, text) is 'The mask of a number in the rarer written forms; see mask';

-- A document number as a mart shows it; nearly every one is eighteen bare characters.
create or replace function rules.mask(kind text, number text) returns text
language sql immutable parallel safe
return case
    when length(number) = 18 and number ~ '^[0-9]+X?$' then left(number, 6) || '********' || right(number, 4)
    else rules.mask_written(kind, number)
end;
comment on function rules.mask(text, text) is 'A document number as a mart shows it; null when blank (R-MASK-1)';

-- Called by mask_text for a clean text that holds eighteen digits, perhaps in groups, fifteen in a row, or E or G and 8.
-- Eighteen characters are found inside a longer run too (a certificate, two numbers run together); fifteen digits
-- prove too little for that and must stand alone.
create or replace function rules.mask_numbers(said text) returns text
language plpgsql immutable parallel safe as $$
declare
    masked text := '';
    rest text := said;
    written text;
    compact text;
    start integer;
begin
    loop
        start := regexp_instr(rest, '[0-9](?:[ ‐-―−.-]?[0-9]){16}|[0-9]{15}|[EeGg][0-9]{8}');
        if start = 0 then
            return masked || rest;
        end if;
        masked := masked || left(rest, start - 1);
        rest := substr(rest, start);
        written := regexp_substr(rest, '^[0-9](?:[ ‐-―−.-]?[0-9]){16}[ ‐-―−.-]?[0-9Xx×]');
        compact := translate(upper(regexp_replace(written, '[ ‐-―−.-]', '', 'g')), '×', 'X');
        if (rules.check_character(left(compact, 17)::bigint) = right(compact, 1)) is not true then
            written := regexp_substr(rest, '^[EeGg][0-9]{8}|^[0-9]{15}(?![0-9Xx])');
            compact := written;
            if written ~ '^[0-9]' and (masked ~ '[0-9]$' or rules.canonical_id(compact) is null) then
                compact := null;
            end if;
        end if;
        masked := masked || coalesce(rules.mask(null, compact), left(rest, 1));
        rest := substr(rest, 1 + case when compact is null then 1 else length(written) end);
    end loop;
end;
$$;
comment on function rules.mask_numbers(text) is 'A clean text with the numbers in it masked; see mask_text';

-- Free text (a name, an address, a remark) as staging keeps it: clean, and with every identity number typed into it
-- masked: 18 characters with the right check character, 15 digits with a plausible date, E or G and 8 digits.
create or replace function rules.mask_text(written text) returns text
language plpgsql immutable parallel safe as $$
declare
    said text := rules.clean(written);
begin
    if said ~ '[0-9]{6}' and said ~ '[0-9](?:[ ‐-―−.-]?[0-9]){16}|[0-9]{15}|[EeGg][0-9]{8}' then
        return rules.mask_numbers(said);
    end if;
    return said;
end;
$$;
comment on function rules.mask_text(text) is 'Clean free text with the identity numbers typed into it masked (R-MASK-2)';
