{#- Rows that break a history: a gap, an overlap, an empty interval, no version from the beginning on, not exactly one current one at the end. -#}
{% test scd2_intervals(model, member) %}
with ordered as (
    select
        {{ member }} as member, valid_from, valid_to, is_current,
        lag(valid_to) over (partition by {{ member }} order by valid_from, valid_to) as valid_to_before,
        lead(valid_from) over (partition by {{ member }} order by valid_from, valid_to) as valid_from_after
    from {{ model }}
    where {{ member }} is not null
)
select *
from ordered
where valid_from >= valid_to
    or (valid_to_before is null and valid_from > {{ beginning() }})
    or (valid_to_before is not null and valid_from <> valid_to_before)
    or (valid_from_after is null and (valid_to <> {{ end_of_time() }} or not is_current))
    or (valid_from_after is not null and is_current)
{% endtest %}
