-- Reading identity documents. (docs/rules.md, R-DOC-1 to R-DOC-8)

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

-- What kind of document 18 canonical characters are: of residents of Hong Kong, Macao and Taiwan from 81, 82 or 83, of
-- foreign permanent residents from 9, else a resident ID.
create or replace function rules.identity_kind(canonical text) returns text
language sql immutable parallel safe
return case
    when left(canonical, 2) in ('81', '82', '83') then 'residence_permit'
    when left(canonical, 1) = '9' then 'foreign_permit'
    when canonical is not null then 'resident_id'
end;
comment on function rules.identity_kind(text) is
'residence_permit, foreign_permit or resident_id, by how 18 canonical characters begin (R-DOC-2, R-DOC-6)';

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
    elsif length(compact) = 15 and compact ~ '^[0-9]+$' and rules.identity_kind(compact) <> 'residence_permit' then
        body := left(compact, 6) || '19' || right(compact, 9);
        ymd := substr(body, 7, 8);
        return case when rules.calendar_day(ymd) is not null then body || rules.check_character(body::bigint) end;
    end if;
    return null;
end;
$$;
comment on function rules.canonical_id(text) is 'The canonical 18 characters of a compact number; see resident_id';

-- Whether a number was a float on its way and has lost digits: one of 16 digits and more (2^53), or one with an exponent
-- that asks for more digits than stand before it. 13916000000.0 has all of its own.
create or replace function rules.has_lost_digits(written text) returns boolean
language plpgsql immutable parallel safe as $$
declare
    said text := replace(upper(rules.clean(written)), ' ', '');
    mantissa text;
begin
    if said ~ '^[0-9](\.[0-9]*E\+?|E\+)[0-9]{1,2}$' then
        mantissa := replace(split_part(said, 'E', 1), '.', '');
        return split_part(said, 'E', 2)::integer >= least(length(mantissa), 15);
    end if;
    return coalesce(said ~ '^[0-9]{16,}\.[0-9]*$', false);
end;
$$;
comment on function rules.has_lost_digits(text) is
'Whether a number was a float that has lost digits: evidence only (R-VAL-3)';

-- A document number in the rarer written forms: what document_text doesn't take as it stands. Typography goes, the words
-- that name a number, and a note or a telephone number beside one that proves itself. A letter that looks like a digit
-- is read as one where the check character then proves the number, and nowhere else.
create or replace function rules.find_document(written text) returns text
language plpgsql immutable parallel safe as $$
declare
    said text := upper(rules.clean(written));
    bare text;
    proof text;
    found text[];
begin
    -- What most of them need is less.
    bare := regexp_replace(said, '[ ''"`‘’()<_-]', '', 'g');
    if bare ~ '^[0-9]{17}[0-9X]$' and rules.canonical_id(bare) is not null then
        return bare;
    elsif said is null or rules.is_blank(said) then
        return null;
    elsif rules.has_lost_digits(said) then
        return said;
    elsif said ~ '^[0-9]{1,15}\.0*$' then  -- a float with all its digits
        return split_part(said, '.', 1);
    elsif said ~ '^[0-9]\.[0-9]{1,14}E\+?[0-9]{1,2}$' then
        return case
            when length(split_part(said, 'E', 1)) - 2 = split_part(said, 'E', 2)::integer
                then replace(split_part(said, 'E', 1), '.', '')
            else said
        end;
    end if;
    said := regexp_replace(
        left(said, 200),
        '(公民|居民|中国|来往内地|往来|内地|港澳|台湾|永久)*'
        '(身份证件?|身份|证件|护照|通行证|回乡证|台胞证|居住证|居留证|永居证|残疾人?证)(号码|编号|号)?[是为]?[:.]?'
        '|\m(ID|ID ?CARD|PASSPORT|NO|NUMBER)\M ?(NO|NUMBER)?[:.#]+', ' ', 'g');
    bare := btrim(
        regexp_replace(said, '[][ ''"`´‘’“”「」『』《》〈〉【】{}().·•・‧∙⋅…<>_‐‒–—―−~-]', '', 'g'), ',;:、。');
    proof := regexp_replace(bare, '[,;:、。|]', '', 'g');
    proof := translate(left(proof, 17), 'OQIL', '0011')
        || translate(substr(proof, 18), '×хХχΧ✕✖╳OIL', 'XXXXXXXX011');
    if substr(proof, 19) ~ '^([1-7][1-4](B[0-9]{1,2})?)?$' and length(proof) >= 18
        and rules.canonical_id(left(proof, 18)) is not null then
        return proof;
    end if;
    -- One number that proves itself, with something else around it.
    foreach proof in array array[bare, said] loop
        found := array(
            select distinct run[1]
            from regexp_matches(
                regexp_replace(proof, '(?<=[0-9]{17})[×хХχΧ✕✖╳]', 'X', 'g'), '(?<![0-9*])([0-9]{15,}X?)(?![0-9*])', 'g'
            ) as run
        );
        if cardinality(found) = 1 and rules.canonical_id(found[1]) is not null
            and (length(found[1]) = 18 or regexp_count(said, '[0-9]') = 15) then
            return found[1];
        end if;
    end loop;
    return nullif(bare, '');
end;
$$;
comment on function rules.find_document(text) is 'A document number in the rarer written forms; see document_text';

-- A document number without its typography and the words around it: upper case, no spaces, dashes, dots, brackets or
-- quotes.
create or replace function rules.document_text(written text) returns text
language sql immutable parallel safe
return case
    when length(written) > 40 then rules.find_document(written)
    when written ~ '^[0-9]+X?$' then written
    when written ~ '^([A-Z]{1,3}[0-9]{5,12}|[0-9]{17}[0-9X][1-7][1-4](B[0-9]+)?)$' then written
    else rules.find_document(written)
end;
comment on function rules.document_text(text) is 'A document number without its typography (R-DOC-1)';

-- Whether two numbers stand in one cell: neither is the row's own for certain.
create or replace function rules.holds_two_numbers(written text) returns boolean
language sql immutable parallel safe
return coalesce(
    length(written) >= 30
    and regexp_count(regexp_replace(rules.clean(written), '(?<=[0-9])[ .-](?=[0-9])', '', 'g'), '[0-9]{15}') > 1, false);
comment on function rules.holds_two_numbers(text) is 'Whether a cell holds two document numbers: evidence only (R-DOC-1)';

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
    return rules.identity_kind(canonical);
end;
$$;
comment on function rules.number_kind(text) is
'resident_id, residence_permit, foreign_permit or disability_certificate where the number proves itself, else null (R-DOC-8)';

-- The canonical identity of a document, or null when the number is only evidence. Equal texts = the same document.
-- kinds: resident_id, residence_permit, passport, hm_permit, tw_permit, foreign_permit, disability_certificate; any
-- other, or null = not stated. An 18-character number that proves itself is believed whatever kind was ticked.
-- Travel documents have no check character: their identity is the kind (a passport's country, R-DOC-4) and what is
-- written.
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
    elsif kind = 'hm_permit' then  -- Hong Kong and Macao: the last two of eleven count the issues (R-DOC-5)
        return case when compact ~ '^[HMCW][0-9A-Z][0-9]{7}(?:[0-9]{2})?$' then 'HM:' || left(compact, 9) end;
    elsif kind = 'tw_permit' then  -- the letter behind counts the issues
        return case
            when compact ~ '^(?:[0-9]{8}|[0-9]{10}[A-Z]?|[TL][0-9]{8})$' then 'TW:' || left(compact, 10)
        end;
    elsif kind = 'foreign_permit' then  -- before 2023; what has 18 characters proves itself (R-DOC-6)
        return case when compact ~ '^[A-Z]{3}[0-9]{12}$' then 'FP:' || compact end;
    elsif kind = 'residence_permit' then
        return null;
    end if;
    return coalesce(rules.canonical_id(compact), (rules.certificate_parts(compact))[1]);
end;
$$;
comment on function rules.document(text, text, text) is
'The canonical identity of a document; null when the number is only evidence (R-DOC-1)';
