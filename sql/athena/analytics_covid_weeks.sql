-- New cases and deaths by country and week: of the sums of whole countries, because reports changed their grain from states to counties.
SELECT
    country_region,
    cast(date_trunc('week', report_date) AS date) AS week,
    sum(confirmed - confirmed_before) AS new_confirmed,
    sum(deaths - deaths_before) AS new_deaths,
    count(*) AS days
FROM (
    SELECT
        country_region,
        report_date,
        confirmed,
        deaths,
        lag(confirmed, 1, 0) OVER (PARTITION BY country_region ORDER BY report_date) AS confirmed_before,
        lag(deaths, 1, 0) OVER (PARTITION BY country_region ORDER BY report_date) AS deaths_before
    FROM (
        SELECT country_region, report_date, coalesce(sum(confirmed), 0) AS confirmed, coalesce(sum(deaths), 0) AS deaths
        FROM fact_covid
        WHERE jhu_rows > 0
        GROUP BY country_region, report_date
    ) AS days
) AS steps
GROUP BY country_region, cast(date_trunc('week', report_date) AS date)
ORDER BY country_region, week
