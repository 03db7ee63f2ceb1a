-- New cases by country and week, with the days that reports are there for.
SELECT
    f.country_region,
    cast(date_trunc('week', d.day) AS date) AS week,
    sum(f.new_confirmed) AS new_confirmed,
    sum(f.new_deaths) AS new_deaths,
    count(DISTINCT f.report_date) AS days
FROM fact_covid AS f
JOIN dim_date AS d ON d.date_key = f.date_key
WHERE f.jhu_rows > 0
GROUP BY f.country_region, cast(date_trunc('week', d.day) AS date)
ORDER BY f.country_region, week
