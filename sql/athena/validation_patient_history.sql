-- Patients whose versions do not follow each other without gap and overlap: no rows when all is well.
SELECT patient_id, valid_from, valid_to, next_from
FROM (
    SELECT patient_id, valid_from, valid_to, lead(valid_from) OVER (PARTITION BY patient_id ORDER BY valid_from) AS next_from
    FROM dim_patient
    WHERE patient_id IS NOT NULL
) AS versions
WHERE valid_to <> coalesce(next_from, TIMESTAMP '9999-12-31 00:00:00')
ORDER BY patient_id, valid_from
