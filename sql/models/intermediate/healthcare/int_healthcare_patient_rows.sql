{{ scd2_rows(
    lake('bronze', 'healthcare_patients'),
    table='healthcare_patients',
    key=['patient_id'],
    attributes=['birth_date', 'death_date', 'marital_status', 'race', 'ethnicity', 'gender', 'address', 'city', 'state', 'county', 'zip'],
) }}
