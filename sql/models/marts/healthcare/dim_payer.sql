{{ dimension(
    'payer',
    ref('int_healthcare_payer_versions'),
    attributes=['name', 'address', 'city', 'state_headquartered', 'zip', 'phone'],
    references=[
        (ref('stg_healthcare_encounters'), 'payer_id'),
        (ref('stg_healthcare_medications'), 'payer_id'),
        (ref('stg_healthcare_claims'), 'payer_id'),
        (ref('stg_healthcare_claims'), 'secondary_payer_id'),
    ],
) }}
