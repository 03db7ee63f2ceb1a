select
    c.claim_transaction_id,
    {{ version_key('t', 'patient') }} as patient_key,
    {{ version_key('p', 'provider') }} as provider_key,
    {{ version_key('o', 'organization') }} as organization_key,
    {{ date_key('c.service_from') }} as date_key,
    c.claim_id,
    c.encounter_id,
    c.charge_id,
    c.transaction_type,
    c.payment_method,
    c.procedure_code,
    c.service_from,
    c.service_to,
    c.units,
    c.unit_amount,
    c.amount,
    c.payments,
    c.adjustments,
    c.transfers,
    c.outstanding
from {{ ref('stg_healthcare_claims_transactions') }} c
{{ join_version('dim_patient', 'patient', 't', 'c.patient_id', 'c.service_from') }}
{{ join_version('dim_provider', 'provider', 'p', 'c.provider_id', 'c.service_from') }}
{{ join_version('dim_organization', 'organization', 'o', 'c.organization_id', 'c.service_from') }}
