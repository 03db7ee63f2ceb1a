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
from {{ source('silver', 'healthcare_organizations') }}
