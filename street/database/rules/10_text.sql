-- Reading text: what a written value says once its typography is taken away. (docs/rules.md, R-VAL-1, R-VAL-2)

-- The text in a value that was dressed for a spreadsheet: ="310115", '2020-03-20, “张三”. Marks and quotes are taken off
-- as long as there are any; a formula that would have to be computed stays as it is. Called by clean.
create or replace function rules.undressed(said text) returns text
language plpgsql immutable parallel safe strict as $$
declare
    bare text := said;
begin
    loop
        if bare ~ '^=? ?"([^"]|"")*"$' then  -- within a quoted text a quote is written twice
            bare := btrim(replace(regexp_replace(bare, '^=? ?"|"$', '', 'g'), '""', '"'));
        elsif bare ~ '^=? ?“[^“”]*”$|^=? ?‘[^‘’]*’$|^''[^'']*''$' then
            bare := btrim(regexp_replace(bare, '^=? ?[“‘'']|[”’'']$', '', 'g'));
        elsif bare ~ '^[''‘’]' then
            bare := ltrim(bare, '''‘’ ');
        else
            return bare;
        end if;
    end loop;
end;
$$;
comment on function rules.undressed(text) is 'The text in a value that was dressed for a spreadsheet; see clean';

-- Clean text, or null when nothing is left or the value is longer than 10,000 characters.
-- Unicode NFKC (full-width digits and letters become ASCII); control characters and Unicode's
-- Default_Ignorable_Code_Points are removed; any run of white space becomes one space; ends are trimmed; quotes around
-- the whole and what makes a spreadsheet take it for text are taken off.
-- The first branch knows the text that is clean as it stands (printable ASCII, unified ideographs, 〇, ·) and is
-- what nearly every value takes: normalising costs ten times as much.
create or replace function rules.clean(written text) returns text
language sql immutable parallel safe
return case
    when length(written) > 10000 then null
    when written ~ ('^[!#-&(-<>-~\u00B7\u3007\u3400-\u4DBF\u4E00-\u9FFF][!-~\u00B7\u3007\u3400-\u4DBF\u4E00-\u9FFF]*'
                    '( [!-~\u00B7\u3007\u3400-\u4DBF\u4E00-\u9FFF]+)*$')
        then written
    else nullif(rules.undressed(btrim(regexp_replace(
        normalize(regexp_replace(
            written,
            '[\u0001-\u0008\u000E-\u001B\u007F-\u0084\u0086-\u009F\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5'
            '\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFC'
            '\U0001BCA0-\U0001BCA3\U0001D173-\U0001D17A\U000E0000-\U000E0FFF]+',
            '', 'g'), nfkc),
        '[\u0009-\u000D\u001C-\u0020\u0085\u1680\u2028\u2029\u2800]+', ' ', 'g'))), '')
end;
comment on function rules.clean(text) is
'NFKC, invisible characters removed, white space folded, quotes around the whole taken off; null when empty or over 10,000 characters (R-VAL-1)';

-- True when a value says nothing: null, empty, punctuation alone, 无, 不详 or 未知 (also within punctuation: （无）).
create or replace function rules.is_blank(written text) returns boolean
language sql immutable parallel safe
return coalesce(
    rules.clean(written)
    ~ ('^[ -/:-@\[-`{-~\u00A1\u00A7\u00AB\u00B6\u00B7\u00BB\u00BF\u00D7\u2010-\u2027\u2030-\u205E\u2212\u2500-\u257F'
       '\u25A0-\u25FF\u3001-\u3003\u3008-\u301F\u3030\u30FB\u30FC]*((无|無|不详|不詳|未知)'
       '[ -/:-@\[-`{-~\u00A1\u00A7\u00AB\u00B6\u00B7\u00BB\u00BF\u00D7\u2010-\u2027\u2030-\u205E\u2212\u2500-\u257F'
       '\u25A0-\u25FF\u3001-\u3003\u3008-\u301F\u3030\u30FB\u30FC]*)?$'),
    true);
comment on function rules.is_blank(text) is
'Whether a value says nothing: empty, punctuation alone, 无, 不详, 未知 (R-VAL-2)';
