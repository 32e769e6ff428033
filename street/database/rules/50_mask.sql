-- Masking: what a mart may show of a number. (docs/rules.md, R-MASK-1, R-MASK-2)

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

-- A document number as a mart shows it: as mask_compact, a legacy resident ID converted to 18 characters first, a
-- disability certificate as the resident ID within and its type and level. Null when blank.
create or replace function rules.mask(kind text, number text) returns text
language sql immutable parallel safe
return case
    when number ~ '^[0-9]{17}[0-9X]$' then left(number, 6) || '********' || right(number, 4)
    when rules.is_blank(number) then null
    when kind in ('resident_id', 'residence_permit') or kind is null
        then rules.mask_compact(coalesce(rules.resident_id(number), rules.document_text(number)))
    when kind = 'disability_certificate'
        and rules.document_text(number) ~ '^[0-9]{6}[0-9*]{11}[0-9X*][0-9]{2}(B[0-9]{0,2})?$'
        then rules.mask_compact(left(rules.document_text(number), 18)) || substr(rules.document_text(number), 19, 2)
    else rules.mask_compact(rules.document_text(number))
end;
comment on function rules.mask(text, text) is 'A document number as a mart shows it; null when blank (R-MASK-1)';

-- Called by mask_text for a clean text that holds 15 digits in a row, or E or G and 8 digits.
-- Looks at every place such a run begins, so that a number inside a longer run is found too.
create or replace function rules.mask_numbers(said text) returns text
language plpgsql immutable parallel safe as $$
declare
    masked text := '';
    rest text := said;
    start integer;
    width integer;
begin
    loop
        start := regexp_instr(rest, '[0-9]{15}|[EeGg][0-9]{8}');
        if start = 0 then
            return masked || rest;
        end if;
        masked := masked || left(rest, start - 1);
        rest := substr(rest, start);
        width := case
            when rest ~ '^[^0-9]' then 9
            when rest ~ '^[0-9]{17}[0-9Xx]' and rules.check_character(left(rest, 17)) = upper(substr(rest, 18, 1)) then 18
            when rules.canonical_id(left(rest, 15)) is not null then 15
        end;
        if width is null then
            masked := masked || left(rest, 1);
            rest := substr(rest, 2);
        else
            masked := masked || rules.mask(null, left(rest, width));
            rest := substr(rest, width + 1);
        end if;
    end loop;
end;
$$;
comment on function rules.mask_numbers(text) is 'A clean text with the numbers in it masked; see mask_text';

-- Free text (a name, an address, a remark) as staging keeps it: clean, and with every identity number typed into it
-- masked: 18 characters with the right check character, 15 digits with a plausible date, E or G and 8 digits.
create or replace function rules.mask_text(written text) returns text
language sql immutable parallel safe
return case
    when written !~ '[0-9０-９]' then rules.clean(written)
    when rules.clean(written) ~ '[0-9]{15}|[EeGg][0-9]{8}' then rules.mask_numbers(rules.clean(written))
    else rules.clean(written)
end;
comment on function rules.mask_text(text) is 'Clean free text with the identity numbers typed into it masked (R-MASK-2)';
