{#- How many rows of each fact name a member that nobody sent, or none at all. -#}
{% set links = [
    ('fact_encounter', 'patient_key', 'dim_patient', 'patient_key'),
    ('fact_encounter', 'provider_key', 'dim_provider', 'provider_key'),
    ('fact_encounter', 'organization_key', 'dim_organization', 'organization_key'),
    ('fact_encounter', 'payer_key', 'dim_payer', 'payer_key'),
    ('fact_claim', 'patient_key', 'dim_patient', 'patient_key'),
    ('fact_claim', 'provider_key', 'dim_provider', 'provider_key'),
    ('fact_claim', 'payer_key', 'dim_payer', 'payer_key'),
    ('fact_claim', 'secondary_payer_key', 'dim_payer', 'payer_key'),
    ('fact_claim_transaction', 'patient_key', 'dim_patient', 'patient_key'),
    ('fact_claim_transaction', 'provider_key', 'dim_provider', 'provider_key'),
    ('fact_claim_transaction', 'organization_key', 'dim_organization', 'organization_key'),
    ('fact_observation', 'patient_key', 'dim_patient', 'patient_key'),
    ('fact_medication', 'patient_key', 'dim_patient', 'patient_key'),
    ('fact_medication', 'payer_key', 'dim_payer', 'payer_key'),
    ('fact_condition', 'patient_key', 'dim_patient', 'patient_key'),
] %}
{% for fact, column, dimension, key in links %}
select
    '{{ fact }}' as fact, '{{ column }}' as link, '{{ dimension }}' as dimension,
    count(*) as fact_rows,
    count(case when f.{{ column }} = {{ unknown_key() }} then 1 end) as unknown_rows,
    count(case when d.is_inferred then 1 end) as inferred_rows
from {{ ref(fact) }} f
left join {{ ref(dimension) }} d on d.{{ key }} = f.{{ column }}
{% if not loop.last %}union all{% endif %}
{% endfor %}
