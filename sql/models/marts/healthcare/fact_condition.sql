select
    c.condition_id,
    {{ version_key('t', 'patient') }} as patient_key,
    {{ date_key('c.start_date') }} as date_key,
    c.encounter_id,
    c.start_date,
    c.stop_date,
    c.code,
    c.description
from {{ ref('stg_healthcare_conditions') }} c
{{ join_version('dim_patient', 'patient', 't', 'c.patient_id', 'cast(c.start_date as ' ~ type_moment() ~ ')') }}
