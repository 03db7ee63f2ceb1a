-- Days on which a count that can only grow fell: the publisher corrected it, and the correction is kept.
SELECT r.country_region, r.province_state, r.county, f.report_date, f.new_confirmed, f.new_deaths, f.new_recovered, f.new_positive
FROM fact_covid AS f
JOIN dim_region AS r ON r.region_key = f.region_key
WHERE f.is_correction
ORDER BY f.report_date DESC, r.country_region, r.province_state, r.county
