-- Every region of a row, and those above it that no row is of.
with seen as (
    select report_date, region_id, level, state_id, country_region, province_state, county, state, state_fips, fips
    from {{ ref('int_covid_jhu_regions') }}
    union all
    select report_date, region_id, 'state', region_id, 'US', province_state, null, state, state_fips, state_fips
    from {{ ref('int_covid_states_days') }}
),
-- A name that changed is the newest one.
counties as (
    select region_id, state_id, country_region, province_state, county, state, fips
    from (
        select s.*, row_number() over (partition by region_id order by report_date desc, county) as place
        from seen s
        where level = 'county'
    ) ranked
    where place = 1
),
states as (
    select
        state_id as region_id,
        country_region,
        max(province_state) as province_state,
        max(state) as state,
        max(case when level = 'state' then fips else state_fips end) as fips
    from seen
    where state_id is not null
    group by state_id, country_region
),
regions as (
    select region_id, 'county' as level, fips, county, province_state, state, country_region, coalesce(state_id, country_region) as parent_id
    from counties
    union all
    select region_id, 'state', fips, null, province_state, state, country_region, country_region from states
    union all
    select country_region, 'country', null, null, null, null, country_region, null from seen group by country_region
)
select
    {{ surrogate_key(['region_id']) }} as region_key,
    region_id,
    cast(level as {{ dbt.type_string() }}) as level,
    fips,
    county,
    province_state,
    state,
    country_region,
    case when parent_id is not null then {{ surrogate_key(['parent_id']) }} end as parent_region_key,
    -- People who were of no place: without a county, from elsewhere, on ships, or gathered in one row.
    case
        when county = 'Unassigned' or (level = 'county' and county like 'Out of %') then false
        when province_state in ('Diamond Princess', 'Grand Princess', 'Recovered', 'Unknown', 'Wuhan Evacuee', 'Port Quarantine') then false
        when country_region in ('Diamond Princess', 'MS Zaandam') then false
        else true
    end as is_place
from regions
union all
select {{ unknown_key() }}, null, null, null, null, null, null, null, null, false
