select
    organization_id,
    name,
    address,
    city,
    state,
    zip,
    latitude,
    longitude,
    phone,
    revenue,
    utilization
from {{ lake('silver', 'healthcare_organizations') }} as sent
