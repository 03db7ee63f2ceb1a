select
    e.encounter_id,
    {{ version_key('t', 'patient') }} as patient_key,
    {{ version_key('p', 'provider') }} as provider_key,
    {{ version_key('o', 'organization') }} as organization_key,
    {{ version_key('y', 'payer') }} as payer_key,
    {{ date_key('e.started_at') }} as date_key,
    e.started_at,
    e.stopped_at,
    e.encounter_class,
    e.code,
    e.description,
    e.reason_code,
    e.reason_description,
    e.base_encounter_cost,
    e.total_claim_cost,
    e.payer_coverage
from {{ ref('stg_healthcare_encounters') }} e
{{ join_version('dim_patient', 'patient', 't', 'e.patient_id', 'e.started_at') }}
{{ join_version('dim_provider', 'provider', 'p', 'e.provider_id', 'e.started_at') }}
{{ join_version('dim_organization', 'organization', 'o', 'e.organization_id', 'e.started_at') }}
{{ join_version('dim_payer', 'payer', 'y', 'e.payer_id', 'e.started_at') }}
