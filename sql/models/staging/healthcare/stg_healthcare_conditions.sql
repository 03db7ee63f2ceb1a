select
    {{ surrogate_key(['_file_id', '_record']) }} as condition_id,
    start_date,
    stop_date,
    patient_id,
    encounter_id,
    code,
    description
from {{ lake('silver', 'healthcare_conditions') }} as sent
