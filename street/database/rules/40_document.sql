-- Reading identity documents. (docs/rules.md, R-DOC-1 to R-DOC-8)

-- A document number without its typography: clean, upper case, no spaces, hyphens, dots, brackets or quotes.
create or replace function rules.document_text(written text) returns text
language sql immutable parallel safe
return case
    when length(written) <= 40 and written ~ '^[0-9A-Z]+$' then written
    else nullif(upper(regexp_replace(rules.clean(written), '[ ''"`‘’.()<_-]', '', 'g')), '')
end;
comment on function rules.document_text(text) is 'A document number without its typography (R-DOC-1)';

-- The check character of GB 11643 (ISO 7064 MOD 11-2) for 17 digits. Weights modulo 11, from the last digit to the
-- first: 2, 4, 8, 5, 10, 9, 7, 3, 6, 1, ...
create or replace function rules.check_character(digits bigint) returns text
language plpgsql immutable parallel safe strict as $$
begin
    return substr('10X98765432', 1 + ((
        digits % 10 * 2 + digits / 10 % 10 * 4 + digits / 100 % 10 * 8 + digits / 1000 % 10 * 5
        + digits / 10000 % 10 * 10 + digits / 100000 % 10 * 9 + digits / 1000000 % 10 * 7
        + digits / 10000000 % 10 * 3 + digits / 100000000 % 10 * 6 + digits / 1000000000 % 10
        + digits / 10000000000 % 10 * 2 + digits / 100000000000 % 10 * 4 + digits / 1000000000000 % 10 * 8
        + digits / 10000000000000 % 10 * 5 + digits / 100000000000000 % 10 * 10
        + digits / 1000000000000000 % 10 * 9 + digits / 10000000000000000 * 7
    ) % 11)::integer, 1);
end;
$$;
comment on function rules.check_character(bigint) is
'The check character of GB 11643 (ISO 7064 MOD 11-2) for 17 digits';

-- The date of birth within a canonical 18-character number; null for any other text.
create or replace function rules.id_birth_date(canonical text) returns date
language sql immutable parallel safe
return case
    when length(canonical) = 18 and canonical ~ '^[0-9]+X?$' then rules.calendar_day(substr(canonical, 7, 8)::integer)
end;
comment on function rules.id_birth_date(text) is 'The date of birth within a canonical 18-character number (R-DOC-3)';

-- The sex within a canonical 18-character number: 1 male, 2 female (GB/T 2261.1); null for any other text.
create or replace function rules.id_sex(canonical text) returns integer
language sql immutable parallel safe
return case
    when length(canonical) = 18 and canonical ~ '^[0-9]+X?$' then 2 - substr(canonical, 17, 1)::integer % 2
end;
comment on function rules.id_sex(text) is 'The sex within a canonical 18-character number: 1 male, 2 female (R-DOC-3)';

-- The canonical 18 characters of a compact number: right check character and a day of the calendar; 15 digits are
-- converted (19 before the year, check character behind), but not those from 81, 82, 83: residence permits never
-- had 15. The area code is never a reason to refuse. Null otherwise.
create or replace function rules.canonical_id(compact text) returns text
language plpgsql immutable parallel safe as $$
declare
    body text;
    ymd integer;
begin
    if length(compact) = 18 and compact ~ '^[0-9]+X?$' then
        if right(compact, 1) <> rules.check_character(left(compact, 17)::bigint) then
            return null;
        end if;
        ymd := substr(compact, 7, 8);
        return case when rules.calendar_day(ymd) is not null then compact end;
    elsif length(compact) = 15 and compact ~ '^[0-9]+$' and left(compact, 2) not in ('81', '82', '83') then
        body := left(compact, 6) || '19' || right(compact, 9);
        ymd := substr(body, 7, 8);
        return case when rules.calendar_day(ymd) is not null then body || rules.check_character(body::bigint) end;
    end if;
    return null;
end;
$$;
comment on function rules.canonical_id(text) is 'The canonical 18 characters of a compact number; see resident_id';

-- A resident ID, a residence permit of Hong Kong, Macao and Taiwan residents (81, 82, 83) or a foreign permanent
-- resident ID of 18 digits (from 9): the canonical 18 characters, or null when the number is only evidence.
create or replace function rules.resident_id(written text) returns text
language sql immutable parallel safe
return rules.canonical_id(rules.document_text(written));
comment on function rules.resident_id(text) is
'The canonical 18 characters of an identity number with the right check digit; null when only evidence (R-DOC-2)';

-- The parts of a disability certificate: 18 characters of the resident ID, type 1-7, level 1-4, and perhaps B and
-- the count of the reissue. {ID, type, level, reissue}; null unless the ID within is valid.
create or replace function rules.certificate_parts(written text) returns text[]
language plpgsql immutable parallel safe as $$
declare
    compact text := rules.document_text(written);
    holder text := rules.canonical_id(left(compact, 18));
begin
    if holder is null or length(compact) < 20 or substr(compact, 19) !~ '^[1-7][1-4](?:B[0-9]{1,2})?$' then
        return null;
    end if;
    return array[holder, substr(compact, 19, 1), substr(compact, 20, 1), coalesce(nullif(substr(compact, 22), ''), '0')];
end;
$$;
comment on function rules.certificate_parts(text) is
'{resident ID, type, level, reissue} of a disability certificate; null unless the ID within is valid (R-DOC-7)';

create or replace function rules.certificate_type(written text) returns integer
language sql immutable parallel safe
return (rules.certificate_parts(written))[2]::integer;
comment on function rules.certificate_type(text) is 'The type 1-7 (GB/T 26341) in a valid certificate number (R-DOC-7)';

create or replace function rules.certificate_level(written text) returns integer
language sql immutable parallel safe
return (rules.certificate_parts(written))[3]::integer;
comment on function rules.certificate_level(text) is 'The level 1-4 in a valid certificate number (R-DOC-7)';

create or replace function rules.certificate_reissue(written text) returns integer
language sql immutable parallel safe
return (rules.certificate_parts(written))[4]::integer;
comment on function rules.certificate_reissue(text) is
'The count of reissues in a valid certificate number, 0 for none (R-DOC-7)';

-- What a number says of its own kind, where no type is written beside it: only the kinds whose number proves itself.
create or replace function rules.number_kind(written text) returns text
language plpgsql immutable parallel safe as $$
declare
    canonical text := rules.resident_id(written);
begin
    if canonical is null then
        return case when rules.certificate_parts(written) is not null then 'disability_certificate' end;
    end if;
    return case
        when left(canonical, 2) in ('81', '82', '83') then 'residence_permit'
        when left(canonical, 1) = '9' then 'foreign_permit'
        else 'resident_id'
    end;
end;
$$;
comment on function rules.number_kind(text) is
'resident_id, residence_permit, foreign_permit or disability_certificate where the number proves itself, else null (R-DOC-8)';

-- The canonical identity of a document, or null when the number is only evidence. Equal texts = the same document.
-- kinds: resident_id, residence_permit, passport, hm_permit, tw_permit, foreign_permit, disability_certificate; any
-- other, or null = not stated. An 18-character number that proves itself is believed whatever kind was ticked.
-- Travel documents have no check character: their identity is the kind (a passport's country) and what is written.
create or replace function rules.document(kind text, number text, country text) returns text
language plpgsql immutable parallel safe as $$
declare
    compact text := rules.document_text(number);
    issuer text;
begin
    if length(compact) = 18 then
        return rules.canonical_id(compact);
    elsif kind = 'passport' then
        issuer := upper(rules.clean(country));
        return case
            when length(issuer) = 3 and issuer ~ '^[A-Z]+$' and length(compact) between 5 and 12
                and compact ~ '^[A-Z0-9]+$' and compact ~ '[0-9]'
                then issuer || ':' || compact
        end;
    elsif kind = 'hm_permit' then  -- Hong Kong and Macao: the last two of eleven count the issues
        return case when compact ~ '^[HMCW][0-9A-Z][0-9]{7}(?:[0-9]{2})?$' then 'HM:' || left(compact, 9) end;
    elsif kind = 'tw_permit' then  -- the letter behind counts the issues
        return case
            when compact ~ '^(?:[0-9]{8}|[0-9]{10}[A-Z]?|[TL][0-9]{8})$' then 'TW:' || left(compact, 10)
        end;
    elsif kind = 'foreign_permit' then
        return case when compact ~ '^[A-Z]{3}[0-9]{12}$' then 'FP:' || compact end;
    elsif kind = 'residence_permit' then
        return null;
    end if;
    return coalesce(rules.canonical_id(compact), (rules.certificate_parts(compact))[1]);
end;
$$;
comment on function rules.document(text, text, text) is
'The canonical identity of a document; null when the number is only evidence (R-DOC-1)';
