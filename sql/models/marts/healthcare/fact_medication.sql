select
    m.medication_id,
    {{ version_key('t', 'patient') }} as patient_key,
    {{ version_key('y', 'payer') }} as payer_key,
    {{ date_key('m.started_at') }} as date_key,
    m.encounter_id,
    m.started_at,
    m.stopped_at,
    m.code,
    m.description,
    m.reason_code,
    m.reason_description,
    m.dispenses,
    m.base_cost,
    m.payer_coverage,
    m.total_cost
from {{ ref('stg_healthcare_medications') }} m
{{ join_version('dim_patient', 'patient', 't', 'm.patient_id', 'm.started_at') }}
{{ join_version('dim_payer', 'payer', 'y', 'm.payer_id', 'm.started_at') }}
