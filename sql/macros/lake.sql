{#-
A table of the lake to stand in a FROM, or no rows of its columns where the lake has no such table: a dataset of which no file came yet. Its
columns and their types are in sources.yml.

With the variable `versions` (`<layer>.<table>` to version) each table is read as it was then, and those that it does not name are not there:
every model and test of a build sees one lake, whatever is committed meanwhile.
-#}
{% macro lake(layer, table) -%}
{%- set relation = source(layer, table) -%}
{%- set versions = var('versions', none) -%}
{%- if versions is not none and versions.get(layer ~ '.' ~ table) is not none -%}
{{ at_version(relation, versions[layer ~ '.' ~ table]) }}
{%- elif versions is not none or (execute and flags.INTROSPECT and load_relation(relation) is none) -%}
{{ no_rows(layer, table) }}
{%- else -%}
{{ relation }}
{%- endif -%}
{%- endmacro %}

{#- No rows of the columns of a table of the lake. -#}
{% macro no_rows(layer, table) -%}
{%- if execute -%}
{%- set named = graph.sources.values() | selectattr('source_name', 'equalto', layer) | selectattr('name', 'equalto', table) | first -%}
(select {% for column in named.columns.values() -%}
cast(null as {{ column.data_type }}) as {{ column.name }}{% if not loop.last %}, {% endif %}
{%- endfor %} where 1 = 0)
{%- endif -%}
{%- endmacro %}
