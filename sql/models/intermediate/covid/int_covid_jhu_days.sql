-- One row per region and day: several rows of one place and day are summed, so that totals are those of the files.
with days as (
    select
        region_id,
        report_date,
        cast(sum(confirmed) as bigint) as confirmed,
        cast(sum(deaths) as bigint) as deaths,
        cast(sum(recovered) as bigint) as recovered,
        cast(sum(active) as bigint) as active,
        cast(count(*) as integer) as jhu_rows
    from {{ ref('int_covid_jhu_regions') }}
    group by region_id, report_date
)
select
    days.*,
    {{ since_previous_day('confirmed') }} as new_confirmed,
    {{ since_previous_day('deaths') }} as new_deaths,
    {{ since_previous_day('recovered') }} as new_recovered,
    {{ days_since_previous() }} as jhu_days
from days
