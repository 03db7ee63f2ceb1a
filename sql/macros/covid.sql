{#-
A published FIPS code as the census writes it: `6037` and `6037.0` are the county 06037, `6`, `00006` and `6000` the state 06. Other text is none.
Codes of JHU's own keep their five digits: 80xxx are people from elsewhere, 90xxx people without a county, 88888 and 99999 ships.
-#}
{% macro fips_code(text) -%}
{%- set whole -%}
case when {{ text }} like '%.0' then substring({{ text }}, 1, length({{ text }}) - 2) else {{ text }} end
{%- endset -%}
{%- set five -%}lpad({{ whole }}, 5, '0'){%- endset -%}
case
    when translate({{ whole }}, '0123456789', '') <> '' or length({{ whole }}) > 5 or length({{ whole }}) = 0 then null
    when substring({{ five }}, 1, 3) = '000' then substring({{ five }}, 4, 2)
    when substring({{ five }}, 3, 3) = '000' then substring({{ five }}, 1, 2)
    else {{ five }}
end
{%- endmacro %}

{#- A text of blanks is none, and blanks around a text do not count. -#}
{% macro text_or_null(text) %}nullif(trim({{ text }}), ''){% endmacro %}

{#- A measure less what the same region had on its previous day in the data: NULL on its first one. -#}
{% macro since_previous_day(measure) -%}
{{ measure }} - lag({{ measure }}) over (partition by region_id order by report_date)
{%- endmacro %}

{#- The days since the region's previous one in the data: more than 1 where days are missing. -#}
{% macro days_since_previous() -%}
cast({{ dbt.datediff('lag(report_date) over (partition by region_id order by report_date)', 'report_date', 'day') }} as integer)
{%- endmacro %}
