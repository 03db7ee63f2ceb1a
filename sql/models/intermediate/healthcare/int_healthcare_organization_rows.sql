{{ scd2_rows(
    lake('bronze', 'healthcare_organizations'),
    table='healthcare_organizations',
    key=['organization_id'],
    attributes=['name', 'address', 'city', 'state', 'zip', 'phone'],
) }}
