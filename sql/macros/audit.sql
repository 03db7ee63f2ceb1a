{#-
How many rows of facts name a member that nobody sent, or none at all.

links: for each link of a fact its name, its column, the dimension, that one's key, and SQL that says of a member `d` whether it is inferred
-#}
{% macro count_unknown_members(links) -%}
{% for fact, column, dimension, key, is_inferred in links -%}
select
    '{{ fact }}' as fact,
    '{{ column }}' as link,
    '{{ dimension }}' as dimension,
    count(*) as fact_rows,
    count(case when f.{{ column }} = {{ unknown_key() }} then 1 end) as unknown_rows,
    count(case when {{ is_inferred }} then 1 end) as inferred_rows
from {{ ref(fact) }} f
left join {{ ref(dimension) }} d on d.{{ key }} = f.{{ column }}
{% if not loop.last %}union all
{% endif %}
{%- endfor %}
{%- endmacro %}
