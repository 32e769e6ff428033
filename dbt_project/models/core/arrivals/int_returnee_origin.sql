-- One row per written place of origin that can be read: the country, or the province, that it names.
with written as (
    select
        origin,
        replace(origin, ' ', '') as said
    from {{ ref('stg_returnees') }}
    where origin is not null
    group by origin
),

words as (
    select
        region.word,
        'domestic' as origin_kind,
        province.region_code as origin_code,
        province.region_name as origin_name
    from (
        select region_name as word, province_code from {{ ref('regions') }}
        union
        select short_name as word, province_code from {{ ref('regions') }}
        where short_name <> ''
    ) as region
    inner join {{ ref('regions') }} as province on region.province_code = province.region_code
    union all
    select
        country.word,
        'border' as origin_kind,
        country.country_code as origin_code,
        country.country_name as origin_name
    from (
        select country_name as word, country_code, country_name from {{ ref('countries') }}
        union all
        select short_name as word, country_code, country_name from {{ ref('countries') }}
        where short_name <> ''
    ) as country
    where country.country_code <> 'CHN'
),

named as (
    select
        written.origin,
        words.origin_kind,
        words.origin_code,
        words.origin_name,
        row_number() over (
            partition by written.origin
            order by strpos(written.said, words.word), length(words.word) desc, words.origin_kind desc
        ) as place_in_order
    from written
    inner join words on strpos(written.said, words.word) > 0
    where
        -- A whole word: it begins the text or a part of it, and names no road, house or district (湖北路, 四川北路): R-ISO-8.
        left(written.said, strpos(written.said, words.word) - 1) ~ '(^|[^一-龥]|中国|来自|[从由自经到在])$'
        and substr(written.said, strpos(written.said, words.word) + length(words.word))
        !~ '^[东西南北中]?[一二三四五]?(路|街|大道|弄|巷|公路|新村|大厦|广场|饭店|酒店|宾馆|花园|小区|苑|区|县|镇|乡|村|旗)'
)

select
    origin,
    origin_kind,
    origin_code,
    origin_name
from named
where place_in_order = 1
