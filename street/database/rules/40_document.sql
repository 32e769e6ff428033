-- Reading identity documents. (docs/rules.md, R-DOC-1 to R-DOC-8)

-- A document number without its typography: clean, upper case, no spaces, hyphens, dots, brackets or quotes.
create or replace function rules.document_text(written text) returns text
language sql immutable parallel safe
return case
    when written ~ '^[0-9A-Z]{1,40}$' then written
    else nullif(upper(regexp_replace(rules.clean(written), '[ ''"`‘’.()<_-]', '', 'g')), '')
end;
comment on function rules.document_text(text) is 'A document number without its typography (R-DOC-1)';

-- The check character of GB 11643 (ISO 7064 MOD 11-2) for the first 17 digits of `digits`.
create or replace function rules.check_character(digits text) returns text
language sql immutable parallel safe
return substr('10X98765432', 1 + (
    7 * ascii(substr(digits, 1, 1)) + 9 * ascii(substr(digits, 2, 1)) + 10 * ascii(substr(digits, 3, 1))
    + 5 * ascii(substr(digits, 4, 1)) + 8 * ascii(substr(digits, 5, 1)) + 4 * ascii(substr(digits, 6, 1))
    + 2 * ascii(substr(digits, 7, 1)) + ascii(substr(digits, 8, 1)) + 6 * ascii(substr(digits, 9, 1))
    + 3 * ascii(substr(digits, 10, 1)) + 7 * ascii(substr(digits, 11, 1)) + 9 * ascii(substr(digits, 12, 1))
    + 10 * ascii(substr(digits, 13, 1)) + 5 * ascii(substr(digits, 14, 1)) + 8 * ascii(substr(digits, 15, 1))
    + 4 * ascii(substr(digits, 16, 1)) + 2 * ascii(substr(digits, 17, 1))
    - 4800  -- the 17 weights sum to 100, and ascii('0') is 48
) % 11, 1);
comment on function rules.check_character(text) is
'The check character of GB 11643 (ISO 7064 MOD 11-2) for the first 17 digits';

-- The date of birth within a canonical 18-character number; null for any other text.
create or replace function rules.id_birth_date(canonical text) returns date
language sql immutable parallel safe
return case
    when canonical ~ '^[0-9]{17}[0-9X]$'
        then rules.calendar_date(
            substr(canonical, 7, 4)::integer, substr(canonical, 11, 2)::integer, substr(canonical, 13, 2)::integer)
end;
comment on function rules.id_birth_date(text) is 'The date of birth within a canonical 18-character number (R-DOC-3)';

-- The sex within a canonical 18-character number: 1 male, 2 female (GB/T 2261.1); null for any other text.
create or replace function rules.id_sex(canonical text) returns integer
language sql immutable parallel safe
return case
    when canonical ~ '^[0-9]{17}[0-9X]$' then 2 - substr(canonical, 17, 1)::integer % 2
end;
comment on function rules.id_sex(text) is 'The sex within a canonical 18-character number: 1 male, 2 female (R-DOC-3)';

-- The canonical 18 characters of a compact number: right check character and a day of the calendar; 15 digits are
-- converted (19 before the year, check character behind), but not those from 81, 82, 83: residence permits never
-- had 15. The area code is never a reason to refuse. Null otherwise.
create or replace function rules.canonical_id(compact text) returns text
language sql immutable parallel safe
return case
    when compact ~ '^[0-9]{17}[0-9X]$'
        then case
            when right(compact, 1) = rules.check_character(compact) and rules.id_birth_date(compact) is not null
                then compact
        end
    when compact ~ '^(?!8[123])[0-9]{15}$'
        then case
            when rules.calendar_date(
                1900 + substr(compact, 7, 2)::integer, substr(compact, 9, 2)::integer,
                substr(compact, 11, 2)::integer) is not null
                then left(compact, 6) || '19' || right(compact, 9)
                    || rules.check_character(left(compact, 6) || '19' || right(compact, 9))
        end
end;
comment on function rules.canonical_id(text) is 'The canonical 18 characters of a compact number; see resident_id';

-- A resident ID, a residence permit of Hong Kong, Macao and Taiwan residents (81, 82, 83) or a foreign permanent
-- resident ID of 18 digits (from 9): the canonical 18 characters, or null when the number is only evidence.
create or replace function rules.resident_id(written text) returns text
language sql immutable parallel safe
return case
    when written ~ '^[0-9]{17}[0-9X]$' then rules.canonical_id(written)
    else rules.canonical_id(rules.document_text(written))
end;
comment on function rules.resident_id(text) is
'The canonical 18 characters of an identity number with the right check digit; null when only evidence (R-DOC-2)';

-- The parts of a disability certificate: 18 characters of the resident ID, type 1-7, level 1-4, and perhaps B and
-- the count of the reissue. {ID, type, level, reissue}; null unless the ID within is valid.
create or replace function rules.certificate_parts(written text) returns text[]
language sql immutable parallel safe
return case
    when rules.resident_id(left(rules.document_text(written), 18)) is not null
        then regexp_match(rules.document_text(written), '^([0-9]{17}[0-9X])([1-7])([1-4])(?:B([0-9]{1,2}))?$')
end;
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
return case
    when rules.certificate_parts(written) is not null then coalesce((rules.certificate_parts(written))[4]::integer, 0)
end;
comment on function rules.certificate_reissue(text) is 'The count of reissues in a valid certificate number, 0 for none (R-DOC-7)';

-- What a number says of its own kind, where no type is written beside it: only the kinds whose number proves itself.
create or replace function rules.number_kind(written text) returns text
language sql immutable parallel safe
return case
    when rules.resident_id(written) is not null
        then case
            when left(rules.document_text(written), 2) in ('81', '82', '83') then 'residence_permit'
            when left(rules.document_text(written), 1) = '9' then 'foreign_permit'
            else 'resident_id'
        end
    when rules.certificate_parts(written) is not null then 'disability_certificate'
end;
comment on function rules.number_kind(text) is
'resident_id, residence_permit, foreign_permit or disability_certificate where the number proves itself, else null (R-DOC-8)';

-- Travel documents, which have no check digit: identity = the kind, what is written, and for a passport its country.
create or replace function rules.travel_document(kind text, compact text, country text) returns text
language sql immutable parallel safe
return case kind
    when 'passport' then case
        when upper(rules.clean(country)) ~ '^[A-Z]{3}$' and compact ~ '^(?=.*[0-9])[A-Z0-9]{5,12}$'
            then upper(rules.clean(country)) || ':' || compact
    end
    -- Hong Kong and Macao: the last two of eleven count the issues and do not identify.
    when 'hm_permit' then 'HM:' || substring(compact from '^([HMCW][0-9A-Z][0-9]{7})(?:[0-9]{2})?$')
    when 'tw_permit' then 'TW:' || substring(compact from '^([0-9]{8}|[0-9]{10}(?=[A-Z]?$)|[TL][0-9]{8})[A-Z]?$')
    when 'foreign_permit' then 'FP:' || substring(compact from '^([A-Z]{3}[0-9]{12})$')
end;
comment on function rules.travel_document(text, text, text) is 'The canonical identity of a travel document; see document';

-- The canonical identity of a document, or null when the number is only evidence. Equal texts = the same document.
-- kinds: resident_id, residence_permit, passport, hm_permit, tw_permit, foreign_permit, disability_certificate; any
-- other, or null = not stated. An 18-character number that proves itself is believed whatever kind was ticked.
create or replace function rules.document(kind text, number text, country text) returns text
language sql immutable parallel safe
return case
    when number ~ '^[0-9]{17}[0-9X]$' then rules.canonical_id(number)
    when length(rules.document_text(number)) = 18 and rules.resident_id(number) is not null
        then rules.resident_id(number)
    when kind in ('passport', 'hm_permit', 'tw_permit', 'foreign_permit')
        then rules.travel_document(kind, rules.document_text(number), country)
    when kind = 'residence_permit' then null
    else coalesce(rules.resident_id(number), (rules.certificate_parts(number))[1])
end;
comment on function rules.document(text, text, text) is
'The canonical identity of a document; null when the number is only evidence (R-DOC-1)';
