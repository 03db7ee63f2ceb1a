{{ scd2(
    ref('int_healthcare_provider_rows'),
    table='healthcare_providers',
    key=['provider_id'],
    attributes=['organization_id', 'name', 'gender', 'speciality', 'address', 'city', 'state', 'zip'],
) }}
