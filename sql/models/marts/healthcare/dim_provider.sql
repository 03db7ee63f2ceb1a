{{ dimension(
    'provider',
    ref('int_healthcare_provider_versions'),
    attributes=['organization_id', 'name', 'gender', 'speciality', 'address', 'city', 'state', 'zip'],
    references=[
        (ref('stg_healthcare_encounters'), 'provider_id'),
        (ref('stg_healthcare_claims'), 'provider_id'),
        (ref('stg_healthcare_claims'), 'referring_provider_id'),
        (ref('stg_healthcare_claims'), 'supervising_provider_id'),
        (ref('stg_healthcare_claims_transactions'), 'provider_id'),
        (ref('stg_healthcare_claims_transactions'), 'supervising_provider_id'),
    ],
) }}
