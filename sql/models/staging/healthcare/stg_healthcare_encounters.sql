select
    encounter_id,
    {{ utc('started_at') }} as started_at,
    {{ utc('stopped_at') }} as stopped_at,
    patient_id,
    organization_id,
    provider_id,
    payer_id,
    encounter_class,
    code,
    description,
    base_encounter_cost,
    total_claim_cost,
    payer_coverage,
    reason_code,
    reason_description
from {{ lake('silver', 'healthcare_encounters') }} as sent
