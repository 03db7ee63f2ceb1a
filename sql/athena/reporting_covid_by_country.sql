-- Cases and deaths of each country on its last day in the reports: counties and states are summed once, at their own grain.
SELECT f.country_region, f.report_date, sum(f.confirmed) AS confirmed, sum(f.deaths) AS deaths, sum(f.recovered) AS recovered
FROM fact_covid AS f
JOIN (
    SELECT country_region, max(report_date) AS report_date
    FROM fact_covid
    WHERE jhu_rows > 0
    GROUP BY country_region
) AS newest ON newest.country_region = f.country_region AND newest.report_date = f.report_date
WHERE f.jhu_rows > 0
GROUP BY f.country_region, f.report_date
ORDER BY confirmed DESC, f.country_region
