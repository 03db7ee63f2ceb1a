{#- What the warehouses say in different words. Nothing else in this project differs between them. -#}

{#- A moment with a zone as a timestamp in UTC. -#}
{% macro utc(moment) %}{{ return(adapter.dispatch('utc', 'tidegate')(moment)) }}{% endmacro %}
{% macro default__utc(moment) %}cast({{ moment }} at time zone 'UTC' as timestamp(6)){% endmacro %}
{% macro redshift__utc(moment) %}({{ moment }} at time zone 'UTC'){% endmacro %}
{% macro snowflake__utc(moment) %}cast(convert_timezone('UTC', {{ moment }}) as timestamp_ntz(6)){% endmacro %}

{#- Microseconds since 1970 as a timestamp in UTC. -#}
{% macro from_micros(micros) %}{{ return(adapter.dispatch('from_micros', 'tidegate')(micros)) }}{% endmacro %}
{% macro default__from_micros(micros) %}{{ exceptions.raise_compiler_error('from_micros: no words for ' ~ target.type) }}{% endmacro %}
{% macro duckdb__from_micros(micros) %}make_timestamp({{ micros }}){% endmacro %}
{% macro athena__from_micros(micros) %}cast(from_unixtime_nanos(({{ micros }}) * 1000) at time zone 'UTC' as timestamp(6)){% endmacro %}
{% macro redshift__from_micros(micros) %}(timestamp 'epoch' + ({{ micros }}) * interval '1 microsecond'){% endmacro %}
{% macro snowflake__from_micros(micros) %}to_timestamp_ntz({{ micros }}, 6){% endmacro %}

{#- A timestamp as text, to the microsecond: the same text everywhere, because keys are made of it. -#}
{% macro moment_text(moment) %}{{ return(adapter.dispatch('moment_text', 'tidegate')(moment)) }}{% endmacro %}
{% macro default__moment_text(moment) %}{{ exceptions.raise_compiler_error('moment_text: no words for ' ~ target.type) }}{% endmacro %}
{% macro duckdb__moment_text(moment) %}strftime({{ moment }}, '%Y-%m-%d %H:%M:%S.%f'){% endmacro %}
{#- Trino's date_format forgets what is less than a millisecond. -#}
{% macro athena__moment_text(moment) %}cast(cast({{ moment }} as timestamp(6)) as varchar){% endmacro %}
{% macro redshift__moment_text(moment) %}to_char({{ moment }}, 'YYYY-MM-DD HH24:MI:SS.US'){% endmacro %}
{% macro snowflake__moment_text(moment) %}to_char({{ moment }}, 'YYYY-MM-DD HH24:MI:SS.FF6'){% endmacro %}

{#- A timestamp of this project: to the microsecond, in UTC, without a zone. -#}
{% macro type_moment() %}{{ return(adapter.dispatch('type_moment', 'tidegate')()) }}{% endmacro %}
{% macro default__type_moment() %}timestamp(6){% endmacro %}
{% macro redshift__type_moment() %}timestamp{% endmacro %}
{% macro snowflake__type_moment() %}timestamp_ntz(6){% endmacro %}

{#- A table as it was at one of its versions, a snapshot of Iceberg. -#}
{% macro at_version(table, version) %}{{ return(adapter.dispatch('at_version', 'tidegate')(table, version)) }}{% endmacro %}
{% macro default__at_version(table, version) %}{{ exceptions.raise_compiler_error('at_version: no words for ' ~ target.type) }}{% endmacro %}
{% macro athena__at_version(table, version) %}{{ table }} for version as of {{ version }}{% endmacro %}

{#- The smaller and the larger of two values that are there. -#}
{% macro earlier(one, other) %}case when {{ one }} < {{ other }} then {{ one }} else {{ other }} end{% endmacro %}

{#- A text as a double where a condition holds and the text is a number, else NULL. Casts alone take different texts for numbers. -#}
{% macro number_or_null(text, condition) -%}
    case when {{ condition }} and {{ adapter.dispatch('is_number', 'tidegate')(text) }} then cast({{ text }} as {{ type_double() }}) end
{%- endmacro %}
{% macro default__is_number(text) %}{{ exceptions.raise_compiler_error('is_number: no words for ' ~ target.type) }}{% endmacro %}
{% macro duckdb__is_number(text) %}regexp_full_match({{ text }}, '{{ number_pattern() }}'){% endmacro %}
{% macro athena__is_number(text) %}regexp_like({{ text }}, '^{{ number_pattern() }}\z'){% endmacro %}
{% macro redshift__is_number(text) %}{{ text }} ~ '^{{ number_pattern() }}$'{% endmacro %}
{% macro snowflake__is_number(text) %}regexp_like({{ text }}, '{{ number_pattern() }}'){% endmacro %}
{% macro number_pattern() %}-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]+)?{% endmacro %}

{% macro type_double() %}{{ return(adapter.dispatch('type_double', 'tidegate')()) }}{% endmacro %}
{% macro default__type_double() %}double{% endmacro %}
{% macro redshift__type_double() %}double precision{% endmacro %}

{#-
Every table that dbt makes on Athena is Iceberg's. This takes the place of dbt-athena's own macro, because no configuration reaches the tables
that unit tests make for a moment, and Hive's keep no microseconds.
-#}
{% macro resolve_table_type() %}{{ return('iceberg') }}{% endmacro %}
