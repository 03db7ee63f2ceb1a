{{ scd2(
    ref('int_healthcare_payer_rows'),
    table='healthcare_payers',
    key=['payer_id'],
    attributes=['name', 'address', 'city', 'state_headquartered', 'zip', 'phone'],
) }}
