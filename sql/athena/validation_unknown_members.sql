-- Facts whose member nobody sent: which links, and how many rows of them.
SELECT fact, link, dimension, fact_rows, unknown_rows, inferred_rows
FROM (
    SELECT * FROM audit_healthcare_members
    UNION ALL
    SELECT * FROM audit_covid_members
) AS links
WHERE unknown_rows + inferred_rows > 0
ORDER BY fact, link
