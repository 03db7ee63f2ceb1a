select
    {{ surrogate_key(['_file_id', '_record']) }} as medication_id,
    {{ utc('started_at') }} as started_at,
    {{ utc('stopped_at') }} as stopped_at,
    patient_id,
    payer_id,
    encounter_id,
    code,
    description,
    base_cost,
    payer_coverage,
    dispenses,
    total_cost,
    reason_code,
    reason_description
from {{ lake('silver', 'healthcare_medications') }} as sent
