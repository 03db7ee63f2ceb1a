{% set rows = scd2_rows(
    source('bronze', 'changes'), table='changes', key=['id'], attributes=['name', 'amount'], effective_at='changed_at', tombstone="op = 'D'"
) %}
{{ scd2('(' ~ rows ~ ')', table='changes', key=['id'], attributes=['name', 'amount']) }}
