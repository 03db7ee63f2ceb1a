{{ scd2(source('bronze', 'arrivals'), key=['id', 'part'], attributes=['name', 'amount']) }}
