{% set rows = scd2_rows(source('bronze', 'arrivals'), table='arrivals', key=['id', 'part'], attributes=['name', 'amount']) %}
{{ scd2('(' ~ rows ~ ')', table='arrivals', key=['id', 'part'], attributes=['name', 'amount']) }}
