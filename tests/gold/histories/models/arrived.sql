{% set rows = scd2_rows(source('bronze', 'arrivals'), key=['id', 'part'], attributes=['name', 'amount']) %}
{{ scd2('(' ~ rows ~ ')', key=['id', 'part'], attributes=['name', 'amount']) }}
