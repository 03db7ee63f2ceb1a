{#- Surrogate keys are hashes of natural keys, so that whoever builds them, whenever and in whatever order, makes the same ones. -#}

{#- Values that differ have texts that differ: NULL is a text that no value has, and what stands between values is escaped in them. -#}
{% macro surrogate_key(parts) -%}
    {%- set texts = [] -%}
    {%- for part in parts -%}
        {%- set text = "cast(" ~ part ~ " as " ~ dbt.type_string() ~ ")" -%}
        {%- do texts.append("coalesce(replace(replace(" ~ text ~ ", '~', '~0'), '|', '~1'), '~')") -%}
    {%- endfor -%}
    {{ dbt.hash(texts | join(" || '|' || ")) }}
{%- endmacro %}

{#- The member that stands for "nobody said": of no natural key, the same in every dimension. -#}
{% macro unknown_key() %}'00000000000000000000000000000000'{% endmacro %}

{#- The day of a date or timestamp as the number yyyymmdd; 0 where it is none, or outside dim_date. -#}
{% macro date_key(day) -%}
    case when {{ day }} >= date '{{ var("first_day") }}' and {{ day }} < date '{{ var("end_day") }}'
        then cast(extract(year from {{ day }}) * 10000 + extract(month from {{ day }}) * 100 + extract(day from {{ day }}) as integer)
        else 0
    end
{%- endmacro %}

{% macro beginning() %}cast('1900-01-01 00:00:00' as {{ type_moment() }}){% endmacro %}
{% macro end_of_time() %}cast('9999-12-31 00:00:00' as {{ type_moment() }}){% endmacro %}
