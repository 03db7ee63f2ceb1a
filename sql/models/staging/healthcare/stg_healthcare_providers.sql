select
    provider_id,
    organization_id,
    name,
    gender,
    speciality,
    address,
    city,
    state,
    zip,
    latitude,
    longitude,
    utilization
from {{ lake('silver', 'healthcare_providers') }} as sent
