{{ scd2(source('bronze', 'changes'), key=['id'], attributes=['name', 'amount'], effective_at='changed_at', tombstone="op = 'D'") }}
