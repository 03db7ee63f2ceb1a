-- Each row of JHU with the region that it is of. What a row says and the seeds decide, never other rows: a region's id does not change
-- when more files come. A row that no rule knows is of the region that has its names.
with cleaned as (
    select
        jhu_daily_id, report_date, confirmed, deaths, recovered, active,
        {{ text_or_null('country_region') }} as country_region,
        nullif({{ text_or_null('province_state') }}, 'None') as province_state,
        {{ text_or_null('admin2') }} as county,
        {{ fips_code(text_or_null('fips')) }} as code
    from {{ ref('stg_covid_jhu_daily') }}
),
-- One spelling of each country; a territory that was published as a country is a province of its own.
countries as (
    select
        c.jhu_daily_id, c.report_date, c.confirmed, c.deaths, c.recovered, c.active, c.county,
        coalesce(a.country_region, c.country_region) as country_region,
        coalesce({{ text_or_null('a.province_state') }}, c.province_state) as province_state,
        case when coalesce(a.country_region, c.country_region) = 'US' then c.code end as code
    from cleaned c
    left join {{ ref('country_alias') }} a on a.alias = c.country_region
),
-- One spelling of each province; a place that stands for its whole country is none.
places as (
    select
        c.jhu_daily_id, c.report_date, c.confirmed, c.deaths, c.recovered, c.active, c.country_region, c.code,
        case when p.place is null then c.province_state else {{ text_or_null('p.province_state') }} end as province_state,
        coalesce(c.county, {{ text_or_null('p.county') }}) as county
    from countries c
    left join {{ ref('place_alias') }} p on p.country_region = c.country_region and p.place = c.province_state
),
-- `King County, WA` is a county of a state.
parted as (
    select
        p.jhu_daily_id, p.report_date, p.confirmed, p.deaths, p.recovered, p.active, p.country_region, p.code,
        coalesce(s.state_name, p.province_state) as province_state,
        case when s.fips is null then p.county else {{ text_or_null('substring(p.province_state, 1, length(p.province_state) - 4)') }} end
            as county
    from places p
    left join {{ ref('us_state') }} s
        on p.country_region = 'US' and p.county is null and p.province_state like '%, __'
        and s.abbreviation = substring(p.province_state, length(p.province_state) - 1, 2)
),
-- The state that a row names; where it names none, that of its code.
states as (
    select
        p.jhu_daily_id, p.report_date, p.confirmed, p.deaths, p.recovered, p.active, p.country_region, p.code,
        coalesce(k.state_name, p.province_state) as province_state,
        coalesce(s.abbreviation, k.abbreviation) as state,
        coalesce(s.fips, k.fips) as state_fips,
        case
            when p.country_region <> 'US' then p.county
            when p.county like '% County' then substring(p.county, 1, length(p.county) - 7)
            when p.county like '% Parish' then substring(p.county, 1, length(p.county) - 7)
            when lower(p.county) like 'unassigned%' or lower(p.county) like 'unknown%' then 'Unassigned'
            when p.county like 'Out of %' or p.county like 'Out-of-%' then 'Out of ' || coalesce(s.abbreviation, k.abbreviation, 'state')
            else p.county
        end as county
    from parted p
    left join {{ ref('us_state') }} s on p.country_region = 'US' and s.state_name = p.province_state
    left join {{ ref('us_state') }} k
        on p.country_region = 'US' and p.province_state is null and p.code < '80000' and k.fips = substring(p.code, 1, 2)
),
-- A county's code is the row's own if it lies in the state. JHU has used those of people without a county for other places too.
counties as (
    select
        s.jhu_daily_id, s.report_date, s.confirmed, s.deaths, s.recovered, s.active,
        s.country_region, s.province_state, s.state, s.state_fips,
        -- Nobody is of a county of a group that is no state.
        case
            when s.state is null and s.county = 'Unassigned' then null
            else coalesce(a.county, s.county)
        end as county,
        case
            when length(s.code) = 5 and substring(s.code, 1, 2) = s.state_fips then s.code
            when s.county = 'Unassigned' then '900' || s.state_fips
            when s.county like 'Out of %' then '800' || s.state_fips
            else {{ text_or_null('a.fips') }}
        end as county_fips,
        case when s.state_fips is null and length(s.code) = 5 then s.code end as other_code -- a state's belongs to the state
    from states s
    left join {{ ref('us_county_alias') }} a on a.state = s.state and a.place = s.county
),
-- A region's natural key: country, then the state's FIPS code or name, or the county's FIPS code, or else its name below that of the state.
named as (
    select
        c.*,
        country_region || '/' || coalesce(state_fips, province_state) as state_id,
        case
            when county_fips is not null then country_region || '/' || county_fips
            else country_region || '/' || coalesce(state_fips, province_state, '') || '/' || county
        end as county_id
    from counties c
)
select
    jhu_daily_id,
    report_date,
    coalesce(county_id, state_id, country_region) as region_id,
    case when county_id is not null then 'county' when state_id is not null then 'state' else 'country' end as level,
    state_id,
    country_region,
    province_state,
    county,
    state,
    state_fips,
    case when county_id is not null then county_fips when state_id is not null then coalesce(state_fips, other_code) end as fips,
    confirmed,
    deaths,
    recovered,
    active
from named
