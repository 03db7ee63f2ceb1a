-- What care costs by kind of encounter, and how much of it payers cover.
SELECT
    encounter_class,
    count(*) AS encounters,
    sum(total_claim_cost) AS claimed,
    sum(payer_coverage) AS covered,
    cast(100.0 * sum(payer_coverage) / nullif(sum(total_claim_cost), 0) AS decimal(5, 1)) AS covered_percent
FROM fact_encounter
GROUP BY encounter_class
ORDER BY claimed DESC, encounter_class
