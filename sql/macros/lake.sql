{#-
A table of the lake to stand in a FROM, or no rows of its columns where the lake has no such table: a dataset of which no file came yet. Its
columns and their types are in sources.yml.
-#}
{% macro lake(layer, table) -%}
{%- set relation = source(layer, table) -%}
{%- if execute and flags.INTROSPECT and load_relation(relation) is none -%}
{%- set named = graph.sources.values() | selectattr('source_name', 'equalto', layer) | selectattr('name', 'equalto', table) | first -%}
(select {% for column in named.columns.values() -%}
cast(null as {{ column.data_type }}) as {{ column.name }}{% if not loop.last %}, {% endif %}
{%- endfor %} where 1 = 0)
{%- else -%}
{{ relation }}
{%- endif -%}
{%- endmacro %}
