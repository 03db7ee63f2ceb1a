select
    o.observation_id,
    {{ version_key('t', 'patient') }} as patient_key,
    {{ date_key('o.observed_at') }} as date_key,
    o.encounter_id,
    o.observed_at,
    o.category,
    o.code,
    o.description,
    o.value_type,
    o.value,
    {{ number_or_null("o.value", "o.value_type = 'numeric'") }} as numeric_value,
    o.units
from {{ ref('stg_healthcare_observations') }} o
{{ join_version('dim_patient', 'patient', 't', 'o.patient_id', 'o.observed_at') }}
