-- Each state of patients beside the epidemic there: encounters and their cost, and the cases that the newest reports count.
SELECT
    care.state,
    care.patients,
    care.encounters,
    care.claimed,
    cases.report_date,
    cases.confirmed,
    cases.deaths
FROM (
    SELECT p.state, count(DISTINCT p.patient_id) AS patients, count(*) AS encounters, sum(f.total_claim_cost) AS claimed
    FROM fact_encounter AS f
    JOIN dim_patient AS p ON p.patient_key = f.patient_key
    GROUP BY p.state
) AS care
LEFT JOIN (
    SELECT f.province_state, f.report_date, sum(f.confirmed) AS confirmed, sum(f.deaths) AS deaths
    FROM fact_covid AS f
    JOIN (
        SELECT province_state, max(report_date) AS report_date
        FROM fact_covid
        WHERE jhu_rows > 0
        GROUP BY province_state
    ) AS newest ON newest.province_state = f.province_state AND newest.report_date = f.report_date
    WHERE f.jhu_rows > 0
    GROUP BY f.province_state, f.report_date
) AS cases ON cases.province_state = care.state
ORDER BY care.encounters DESC, care.state
