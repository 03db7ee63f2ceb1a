{{ dimension(
    'patient',
    ref('int_healthcare_patient_versions'),
    attributes=['birth_date', 'death_date', 'marital_status', 'race', 'ethnicity', 'gender', 'address', 'city', 'state', 'county', 'zip'],
    references=[
        (ref('stg_healthcare_encounters'), 'patient_id'),
        (ref('stg_healthcare_claims'), 'patient_id'),
        (ref('stg_healthcare_claims_transactions'), 'patient_id'),
        (ref('stg_healthcare_observations'), 'patient_id'),
        (ref('stg_healthcare_medications'), 'patient_id'),
        (ref('stg_healthcare_conditions'), 'patient_id'),
    ],
) }}
