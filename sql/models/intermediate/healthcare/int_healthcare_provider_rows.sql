{{ scd2_rows(
    lake('bronze', 'healthcare_providers'),
    table='healthcare_providers',
    key=['provider_id'],
    attributes=['organization_id', 'name', 'gender', 'speciality', 'address', 'city', 'state', 'zip'],
) }}
