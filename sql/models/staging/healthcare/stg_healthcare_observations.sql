select
    {{ surrogate_key(['_file_id', '_record']) }} as observation_id,
    {{ utc('observed_at') }} as observed_at,
    patient_id,
    encounter_id,
    category,
    code,
    description,
    value,
    units,
    value_type
from {{ lake('silver', 'healthcare_observations') }} as sent
