{{ scd2(
    ref('int_healthcare_organization_rows'),
    table='healthcare_organizations',
    key=['organization_id'],
    attributes=['name', 'address', 'city', 'state', 'zip', 'phone'],
) }}
