-- The two sources meet at the grain of regions and days, and a row of either stands without the other.
with met as (
    select
        coalesce(j.region_id, s.region_id) as region_id,
        coalesce(j.report_date, s.report_date) as report_date,
        j.confirmed, j.deaths, j.recovered, j.active, j.new_confirmed, j.new_deaths, j.new_recovered, j.jhu_days,
        s.positive, s.negative, s.hospitalized_currently, s.hospitalized_cumulative,
        s.new_positive, s.new_negative, s.new_hospitalized, s.states_days,
        coalesce(j.jhu_rows, 0) as jhu_rows,
        coalesce(s.states_rows, 0) as states_rows
    from {{ ref('int_covid_jhu_days') }} j
    full outer join {{ ref('int_covid_states_days') }} s on s.region_id = j.region_id and s.report_date = j.report_date
)
select
    coalesce(r.region_key, {{ unknown_key() }}) as region_key,
    {{ date_key('m.report_date') }} as date_key,
    m.report_date,
    r.fips,
    r.province_state,
    r.country_region,
    m.confirmed,
    m.deaths,
    m.recovered,
    m.active,
    m.positive,
    m.negative,
    m.hospitalized_currently,
    m.hospitalized_cumulative,
    m.new_confirmed,
    m.new_deaths,
    m.new_recovered,
    m.new_positive,
    m.new_negative,
    m.new_hospitalized,
    m.jhu_days,
    m.states_days,
    coalesce(
        m.new_confirmed < 0 or m.new_deaths < 0 or m.new_recovered < 0
        or m.new_positive < 0 or m.new_negative < 0 or m.new_hospitalized < 0,
        false
    ) as is_correction,
    m.jhu_rows,
    m.states_rows
from met m
left join {{ ref('dim_region') }} r on r.region_id = m.region_id
