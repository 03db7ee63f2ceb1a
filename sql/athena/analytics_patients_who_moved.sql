-- Where patients lived when they were cared for: encounters under the address of the time, of patients who have had more than one.
SELECT
    p.patient_id,
    p.recorded_at AS moved_at,
    p.is_current,
    count(f.encounter_id) AS encounters,
    sum(f.total_claim_cost) AS claimed
FROM dim_patient AS p
JOIN (
    SELECT patient_id
    FROM dim_patient
    WHERE patient_id IS NOT NULL
    GROUP BY patient_id
    HAVING count(DISTINCT address) > 1
) AS moved ON moved.patient_id = p.patient_id
LEFT JOIN fact_encounter AS f ON f.patient_key = p.patient_key
GROUP BY p.patient_id, p.recorded_at, p.is_current
ORDER BY p.patient_id, p.recorded_at
