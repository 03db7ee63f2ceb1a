-- One row per US state and day, under the id that JHU's rows of the state have.
with placed as (
    select
        'US/' || coalesce(u.fips, upper(trim(s.state))) as region_id,
        coalesce(u.state_name, upper(trim(s.state))) as province_state,
        u.abbreviation as state,
        u.fips as state_fips,
        s.report_date, s.positive, s.negative, s.hospitalized_currently, s.hospitalized_cumulative
    from {{ ref('stg_covid_states_daily') }} s
    left join {{ ref('us_state') }} u on u.abbreviation = upper(trim(s.state))
),
days as (
    select
        region_id,
        report_date,
        max(province_state) as province_state,
        max(state) as state,
        max(state_fips) as state_fips,
        cast(sum(positive) as bigint) as positive,
        cast(sum(negative) as bigint) as negative,
        cast(sum(hospitalized_currently) as bigint) as hospitalized_currently,
        cast(sum(hospitalized_cumulative) as bigint) as hospitalized_cumulative,
        cast(count(*) as integer) as states_rows
    from placed
    group by region_id, report_date
)
select
    days.*,
    {{ since_previous_day('positive') }} as new_positive,
    {{ since_previous_day('negative') }} as new_negative,
    {{ since_previous_day('hospitalized_cumulative') }} as new_hospitalized,
    {{ days_since_previous() }} as states_days
from days
