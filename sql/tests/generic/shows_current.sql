{#- The current versions of a dimension that are not deleted are the rows of silver, with their values. -#}
{% test shows_current(model, layer, table, member, columns) %}
with shown as (
    select {{ member }}{% for column in columns %}, {{ column }}{% endfor %}
    from {{ model }}
    where is_current and not is_deleted and not is_inferred and {{ member }} is not null
),
true_ones as (
    select {{ member }}{% for column in columns %}, {{ column }}{% endfor %} from {{ lake(layer, table) }} as sent
)
select 'not in silver' as why, d.* from (select * from shown except select * from true_ones) d
union all
select 'not shown' as why, d.* from (select * from true_ones except select * from shown) d
{% endtest %}
