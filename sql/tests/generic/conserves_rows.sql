{#- The number of rows of a model is that of another relation: nothing was lost by a join, nothing doubled. -#}
{% test conserves_rows(model, of) %}
select here, there
from (select count(*) as here from {{ model }}) a
cross join (select count(*) as there from {{ of }}) b
where here <> there
{% endtest %}
