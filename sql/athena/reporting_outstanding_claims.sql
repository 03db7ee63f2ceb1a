-- What payers and patients still owe, by payer and year of service.
SELECT
    coalesce(p.name, p.payer_id, 'no payer') AS payer,
    d.year,
    count(*) AS claims,
    sum(c.outstanding_1) AS owed_by_payer,
    sum(c.outstanding_p) AS owed_by_patient
FROM fact_claim AS c
JOIN dim_payer AS p ON p.payer_key = c.payer_key
JOIN dim_date AS d ON d.date_key = c.date_key
GROUP BY coalesce(p.name, p.payer_id, 'no payer'), d.year
ORDER BY payer, d.year
