{{ scd2(
    source('bronze', 'healthcare_organizations'),
    key=['organization_id'],
    attributes=['name', 'address', 'city', 'state', 'zip', 'phone'],
) }}
