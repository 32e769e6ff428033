-- What a visit says. (docs/rules.md, R-VISIT-3, R-VISIT-4)

-- A body temperature in any dress; called by read_temperature for what isn't bare figures.
create or replace function rules.find_temperature(written text) returns numeric
language sql immutable parallel safe
return (
    select case when degrees.celsius between 35 and 42 then degrees.celsius end
    from
        -- Without blanks, what it is called before it and what it is counted in behind it; the whole degrees, then tenths.
        (
            select regexp_match(
                upper(translate(rules.clean(written), ' ', '')),
                '^(?:体温|额温|腋温|耳温|T)?[:=]?'
                || '(?:([0-9OIL]{2})(?:(?:[.。·,]|度|点)([0-9OIL]{1,12}|[〇零一二三四五六七八九半])?)?|'
                || '([三四]十?|卅|卌)([〇零一二三四五六七八九]?)(?:(?:度|点)([〇零一二三四五六七八九半])?)?)'
                || '(?:°C|°|C|摄氏度|度)?[(,;。]?(?:正常)?\)?$'
            ) as part
        ) as said
        cross join lateral (
            select case
                when said.part[1] is not null
                    then round(cast(
                        translate(said.part[1], 'OIL', '011') || '.' || translate(coalesce(said.part[2], '0'), 'OIL〇零一二三四五六七八九半', '011001234567895')
                        as numeric
                    ), 2)
                when said.part[3] is not null
                    then cast(
                        translate(left(said.part[3], 1), '三四卅卌', '3434')
                        || coalesce(nullif(translate(said.part[4], '〇零一二三四五六七八九', '00123456789'), ''), '0')
                        || '.' || translate(coalesce(said.part[5], '0'), '〇零一二三四五六七八九半', '001234567895')
                        as numeric
                    )
            end as celsius
        ) as degrees
);
comment on function rules.find_temperature(text) is 'A body temperature in words, with its unit or misread; see read_temperature';

-- A body temperature in degrees Celsius, 35.0 to 42.0: 36.5, 36.5℃, 36度5, 体温:36.5, 三十六度五, 36.O. Null for anything
-- else: 98.6, 365, 正常, 36.5/37.8. Most are bare figures, which need no more than a look.
create or replace function rules.read_temperature(written text) returns numeric
language sql immutable parallel safe
return case
    when written ~ '^(3[5-9]|4[01])([.][0-9]{1,12})?$' then round(cast(written as numeric), 2)
    when written is not null then rules.find_temperature(written)
end;
comment on function rules.read_temperature(text) is
'A body temperature from 35.0 to 42.0 degrees Celsius, or null when it cannot be read as one (R-VISIT-3)';

-- What came of a visit, by how its result begins: `attempt` (无人, 未见, 拒绝), `moved` (搬离, 已搬), else `made`.
create or replace function rules.visit_outcome(written text) returns text
language sql immutable parallel safe
return case
    when rules.clean(written) ~ '^[ -/:-@\[-`{-~、。（）【】「」]*(无人|無人|未见|未見|拒绝|拒絕)' then 'attempt'
    when rules.clean(written) ~ '^[ -/:-@\[-`{-~、。（）【】「」]*(搬离|搬離|已搬)' then 'moved'
    else 'made'
end;
comment on function rules.visit_outcome(text) is 'What came of a visit: made, attempt or moved (R-VISIT-4)';
