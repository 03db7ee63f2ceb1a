select
    report_date,
    state,
    fips,
    positive,
    negative,
    pending,
    hospitalized_currently,
    hospitalized_cumulative,
    in_icu_currently,
    in_icu_cumulative,
    on_ventilator_currently,
    on_ventilator_cumulative,
    recovered,
    death as deaths,
    total_test_results,
    {{ utc('checked_at') }} as checked_at
from {{ lake('silver', 'covid_states_daily') }} as sent
