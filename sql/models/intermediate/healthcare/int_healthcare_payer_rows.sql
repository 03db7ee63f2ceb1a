{{ scd2_rows(
    lake('bronze', 'healthcare_payers'),
    table='healthcare_payers',
    key=['payer_id'],
    attributes=['name', 'address', 'city', 'state_headquartered', 'zip', 'phone'],
) }}
