{#-
The history of a dataset's keys, from bronze: one row for each stretch of time in which a key had the same values. In two steps, each a table,
because some warehouses read what a WITH names as often as it is named: `scd2_rows` places the rows, `scd2` makes the history of them.

A window over all rows that are there, whenever they came, so late rows, several changes in one batch, repeats and rebuilds all give the
same history. A row holds from its `effective_at` (the arrival of its file, if the data does not say) until the next one of the key holds. A
row that is a tombstone, and a full load that lacks the key, end it: the history goes on as deleted, with the values it had. A full load also
takes back what earlier loads and their deltas said of the time after it. The first row of a key holds from the beginning of time, because
nobody knows what was before.

A full load begins with the first of its files, which rows show unless that file has none. Of such loads, and of those without any row, the ledger
says when they began: the variable `full_loads` (table of bronze to load to arrival).

relation: bronze of the dataset · table: its name there · key: its primary key · attributes: the columns whose change makes a new version
effective_at: SQL of a timestamp over its columns, none for the arrival · tombstone: SQL of a condition, none if rows do not delete
rows: what `scd2_rows` made

Columns: key, attributes, recorded_at (when the values began to hold, as the sender or the arrival says), valid_from and valid_to (half open,
without gaps), is_current (the last one of the key), is_deleted.
-#}
{% macro scd2_rows(relation, table, key, attributes, effective_at=none, tombstone=none) -%}
{%- set keys = key | join(', ') -%}
{%- set columns = attributes | join(', ') -%}
{%- set arrived_at = from_micros('cast(substring(_arrival, 1, 16) as bigint)') -%}
with arrived as (
    select
        {{ keys }}, {{ columns }}, _arrival, _load_id, _file_id, _record,
        {{ 'coalesce(' ~ effective_at ~ ', ' ~ beginning() ~ ')' if effective_at else arrived_at }} as effective_at,
        {{ tombstone or 'false' }} as is_deleted,
        {{ surrogate_key(attributes) }} as contents
    from {{ relation }} as sent
),
-- A full load and the deltas that arrived after it began are an epoch.
loads as (
    {{ full_loads('arrived', table) }}
),
files as (
    select f._arrival, f._load_id, count(l.epoch) as epoch
    from (select distinct _arrival, _load_id from arrived) f
    left join loads l on l.started <= f._arrival
    group by f._arrival, f._load_id
)
select a.*, case when a._load_id = '' then f.epoch else l.epoch end as epoch
from arrived a
join files f on f._arrival = a._arrival and f._load_id = a._load_id
left join loads l on l._load_id = a._load_id
{%- endmacro %}

{#- The full loads of a table in their order, with the arrival that each began with, from rows that have `_load_id` and `_arrival`. -#}
{% macro full_loads(rows, table) -%}
    select _load_id, started, row_number() over (order by started, _load_id) as epoch
    from (
        select _load_id, min(started) as started
        from (
            select _load_id, _arrival as started from {{ rows }} as shown where _load_id <> ''
            {%- for load, start in (var('full_loads', {}).get(table) or {}).items() %}
            union all
            select '{{ load | replace("'", "''") }}' as _load_id, '{{ start }}' as started
            {%- endfor %}
        ) said
        group by _load_id
    ) begun
{%- endmacro %}

{% macro scd2(rows, table, key, attributes) -%}
{%- set keys = key | join(', ') -%}
{%- set columns = attributes | join(', ') -%}
{%- set same = [] -%}
{%- for column in key -%}{%- do same.append('a.' ~ column ~ ' = b.' ~ column) -%}{%- endfor -%}
{%- set same_key = same | join(' and ') -%}
{%- set in_order = 'over (partition by ' ~ keys ~ ' order by effective_at)' -%}
with epochs as (
    select {{ keys }}, epoch, min(effective_at) as since, max(case when _load_id <> '' then 1 else 0 end) as in_load
    from {{ rows }} as placed
    group by {{ keys }}, epoch
),
loads as (
    select epoch, {{ from_micros('cast(substring(started, 1, 16) as bigint)') }} as moment
    from (
    {{ full_loads(rows, table) }}
    ) begun
),
-- A full load lacks a key of the epoch before it.
missing as (
    select {% for column in key %}b.{{ column }}, {% endfor %}b.next_epoch as epoch, b.moment as effective_at
    from (
        select e.*, l.epoch as next_epoch, l.moment
        from epochs e
        join loads l on l.epoch = e.epoch + 1
    ) b
    left join epochs a on {{ same_key }} and a.epoch = b.next_epoch
    where coalesce(a.in_load, 0) = 0 and (a.since is null or a.since > b.moment)
),
events as (
    select {{ keys }}, {{ columns }}, contents, is_deleted, false as is_missing, effective_at, epoch, _arrival, _file_id, _record
    from {{ rows }} as placed
    union all
    select
        {{ keys }}, {% for column in attributes %}null as {{ column }}, {% endfor %}
        '' as contents, true as is_deleted, true as is_missing, effective_at, epoch,
        '' as _arrival, '' as _file_id, 0 as _record
    from missing
),
-- What a later epoch says of a time and after it stands, whatever earlier ones said.
horizons as (
    select
        {{ keys }}, epoch,
        min(since) over (
            partition by {{ keys }} order by epoch desc rows between unbounded preceding and 1 preceding
        ) as until
    from (select {{ keys }}, epoch, min(effective_at) as since from events group by {{ keys }}, epoch) spans
),
standing as (
    select a.*
    from events a
    join horizons b on {{ same_key }} and a.epoch = b.epoch
    where b.until is null or a.effective_at < b.until
),
-- Of several rows of one moment the newest counts, as in silver.
newest as (
    select *
    from (
        select s.*, row_number() over (
            partition by {{ keys }}, effective_at order by epoch desc, _arrival desc, _file_id desc, _record desc
        ) as place
        from standing s
    ) ranked
    where place = 1
),
compared as (
    select
        n.*,
        row_number() {{ in_order }} as ordinal,
        lag(contents) {{ in_order }} as contents_before,
        lag(is_deleted) {{ in_order }} as deleted_before
        {%- for column in attributes %},
        lag({{ column }}) {{ in_order }} as {{ column }}_before
        {%- endfor %}
    from newest n
),
changes as (
    select *
    from compared
    where ordinal = 1 or is_deleted <> deleted_before or (not is_deleted and contents <> contents_before)
)
select
    {{ keys }},
    {%- for column in attributes %}
    case when is_missing then {{ column }}_before else {{ column }} end as {{ column }},
    {%- endfor %}
    effective_at as recorded_at,
    case when ordinal = 1 then {{ earlier('effective_at', beginning()) }} else effective_at end as valid_from,
    coalesce(lead(effective_at) {{ in_order }}, {{ end_of_time() }}) as valid_to,
    case when lead(effective_at) {{ in_order }} is null then true else false end as is_current,
    is_deleted
from changes
{%- endmacro %}
