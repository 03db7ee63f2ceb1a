select
    {{ surrogate_key(['_file_id', '_record']) }} as jhu_daily_id,
    report_date,
    fips,
    admin2,
    province_state,
    country_region,
    {{ utc('last_update') }} as updated_at,
    latitude,
    longitude,
    confirmed,
    deaths,
    recovered,
    active,
    combined_key,
    incident_rate,
    case_fatality_ratio
from {{ lake('silver', 'covid_jhu_daily') }} as sent
