{#-
A slowly changing dimension of type 2: the versions of its members, and two kinds of members that nobody sent.

A natural key that facts speak of and that never came is an inferred member: a row of its key alone, for all time. It has the surrogate key that
the first version will have, so facts need not change when that comes. Facts that name no member have the unknown one.

name: of an entity, `patient` for the columns `patient_key` and `patient_id` · versions: what `scd2` made · attributes: as there
references: pairs of a relation and the column in it that names members
-#}
{% macro dimension(name, versions, attributes, references) -%}
{%- set id, key = name ~ '_id', name ~ '_key' -%}
with versions as (
    select
        {{ id }}, {{ attributes | join(', ') }}, recorded_at, valid_from, valid_to, is_current, is_deleted,
        row_number() over (partition by {{ id }} order by valid_from) as ordinal
    from {{ versions }}
),
named as (
    {%- for relation, column in references %}
    select {{ column }} as {{ id }} from {{ relation }} where {{ column }} is not null
    {%- if not loop.last %}
    union
    {%- endif %}
    {%- endfor %}
)
select
    {{ member_key(id, "case when ordinal = 1 then '' else " ~ moment_text('valid_from') ~ " end") }} as {{ key }},
    {{ id }}, {{ attributes | join(', ') }}, recorded_at, valid_from, valid_to, is_current, is_deleted,
    false as is_inferred
from versions
union all
select
    {{ member_key('n.' ~ id, "''") }}, n.{{ id }}, {% for _ in attributes %}null, {% endfor -%}
    cast(null as {{ type_moment() }}), {{ beginning() }}, {{ end_of_time() }}, true, false, true
from named n
left join (select distinct {{ id }} from versions) v on v.{{ id }} = n.{{ id }}
where v.{{ id }} is null
union all
select
    {{ unknown_key() }}, null, {% for _ in attributes %}null, {% endfor -%}
    cast(null as {{ type_moment() }}), {{ beginning() }}, {{ end_of_time() }}, true, false, false
{%- endmacro %}

{% macro member_key(id, since) %}{{ surrogate_key([id, since]) }}{% endmacro %}

{#- The version of a member that was valid at a time: the newest one when the fact has no time, or one that is not over. To stand in a FROM. -#}
{% macro join_version(dimension, name, alias, column, moment) -%}
left join {{ ref(dimension) }} {{ alias }}
    on {{ alias }}.{{ name }}_id = {{ column }}
    and {{ within_time(moment) }} >= {{ alias }}.valid_from
    and {{ within_time(moment) }} < {{ alias }}.valid_to
{%- endmacro %}

{#- A moment that some version of each member is valid at. -#}
{% macro within_time(moment) -%}
case
    when {{ moment }} < {{ beginning() }} then {{ beginning() }}
    when {{ moment }} < {{ end_of_time() }} then {{ moment }}
    else cast('9999-12-30 00:00:00' as {{ type_moment() }})
end
{%- endmacro %}

{% macro version_key(alias, name) %}coalesce({{ alias }}.{{ name }}_key, {{ unknown_key() }}){% endmacro %}
