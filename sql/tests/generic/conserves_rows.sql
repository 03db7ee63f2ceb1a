{#- A model has as many rows as a table of the lake: nothing was lost by a join, nothing doubled. -#}
{% test conserves_rows(model, layer, table) %}
select here, there
from (select count(*) as here from {{ model }}) a
cross join (select count(*) as there from {{ lake(layer, table) }} as sent) b
where here <> there
{% endtest %}
