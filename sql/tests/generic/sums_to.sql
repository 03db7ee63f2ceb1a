{#- The sum of a column is that of a field of another relation, or the number of its rows: nothing was lost by a join, nothing doubled. -#}
{% test sums_to(model, column_name, of, field=none) %}
select here, there
from (select coalesce(sum({{ column_name }}), 0) as here from {{ model }}) a
cross join (select {% if field %}coalesce(sum({{ field }}), 0){% else %}count(*){% endif %} as there from {{ of }}) b
where here <> there
{% endtest %}
