select
    c.claim_id,
    {{ version_key('t', 'patient') }} as patient_key,
    {{ version_key('p', 'provider') }} as provider_key,
    {{ version_key('y', 'payer') }} as payer_key,
    {{ version_key('z', 'payer') }} as secondary_payer_key,
    {{ date_key('c.service_at') }} as date_key,
    c.encounter_id,
    c.service_at,
    c.current_illness_at,
    c.diagnosis_1,
    c.status_1,
    c.status_2,
    c.status_p,
    c.healthcare_claim_type_1_id,
    c.healthcare_claim_type_2_id,
    c.outstanding_1,
    c.outstanding_2,
    c.outstanding_p
from {{ ref('stg_healthcare_claims') }} c
{{ join_version('dim_patient', 'patient', 't', 'c.patient_id', 'c.service_at') }}
{{ join_version('dim_provider', 'provider', 'p', 'c.provider_id', 'c.service_at') }}
{{ join_version('dim_payer', 'payer', 'y', 'c.payer_id', 'c.service_at') }}
{{ join_version('dim_payer', 'payer', 'z', 'c.secondary_payer_id', 'c.service_at') }}
