{{ config(tags=['still']) }}
with digits as (
    {% for digit in range(10) %}select {{ digit }} as d{% if not loop.last %} union all {% endif %}{% endfor %}
),
numbers as (
    select a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d as n
    from digits a cross join digits b cross join digits c cross join digits e cross join digits f
),
days as (
    select cast({{ dbt.dateadd('day', 'n', "date '" ~ var('first_day') ~ "'") }} as date) as day from numbers
)
select
    {{ date_key('day') }} as date_key,
    day,
    cast(extract(year from day) as integer) as year,
    cast(extract(quarter from day) as integer) as quarter,
    cast(extract(month from day) as integer) as month,
    cast(extract(day from day) as integer) as day_of_month,
    cast({{ dbt.datediff("date '1900-01-01'", 'day', 'day') }} % 7 + 1 as integer) as day_of_week,
    {{ dbt.datediff("date '1900-01-01'", 'day', 'day') }} % 7 >= 5 as is_weekend
from days
where day < date '{{ var("end_day") }}'
union all
select 0, null, null, null, null, null, null, null
