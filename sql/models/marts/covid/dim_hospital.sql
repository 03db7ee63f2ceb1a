with hospitals as (
    select
        h.*,
        coalesce({{ fips_code(text_or_null('h.fips')) }}, {{ fips_code(text_or_null('h.state_fips')) }}) as code
    from {{ ref('stg_covid_hospital_beds') }} h
)
select
    {{ surrogate_key(['h.hospital_id']) }} as hospital_key,
    h.hospital_id,
    coalesce(c.region_key, s.region_key, {{ unknown_key() }}) as region_key,
    h.hospital_name,
    h.hospital_type,
    h.address,
    h.address_2,
    h.city,
    h.state,
    h.zip,
    h.county_name,
    case when length(h.code) = 5 then h.code end as fips,
    h.licensed_beds,
    h.staffed_beds,
    h.icu_beds,
    h.adult_icu_beds,
    h.pediatric_icu_beds,
    h.potential_bed_increase,
    h.bed_utilization,
    h.ventilator_usage,
    h.latitude,
    h.longitude
from hospitals h
left join {{ ref('dim_region') }} c on c.level = 'county' and c.country_region = 'US' and c.fips = h.code
left join {{ ref('us_state') }} u on u.abbreviation = upper(h.state)
left join {{ ref('dim_region') }} s
    on s.level = 'state' and s.country_region = 'US' and s.fips = coalesce(substring(h.code, 1, 2), u.fips)
union all
select
    {{ unknown_key() }}, null, {{ unknown_key() }}, {% for _ in range(19) %}null{{ ', ' if not loop.last }}{% endfor %}
