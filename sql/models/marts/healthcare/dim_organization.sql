{{ dimension(
    'organization',
    ref('int_healthcare_organization_versions'),
    attributes=['name', 'address', 'city', 'state', 'zip', 'phone'],
    references=[
        (ref('stg_healthcare_encounters'), 'organization_id'),
        (ref('stg_healthcare_claims_transactions'), 'organization_id'),
        (ref('stg_healthcare_providers'), 'organization_id'),
    ],
) }}
