{{ count_unknown_members([
    ('fact_covid', 'region_key', 'dim_region', 'region_key', 'false'),
    ('dim_hospital', 'region_key', 'dim_region', 'region_key', 'false'),
]) }}
