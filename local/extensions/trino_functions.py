"""The functions that a statement calls by name, and the names that Trino knows.

DuckDB has hundreds of functions that Trino lacks (`strftime`, `regexp_full_match`, `list_sum`). A query that uses one works on the laptop
and fails on AWS, so the stand-in refuses every name that is not in this list. The list is of names: how many arguments a function takes,
and of which types, is not checked here.
"""

from collections.abc import Iterator
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.tokens import Token, TokenType


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What may stand before a bracket and is no function: parts of statements, and types
WORDS = _names(
    """
    all and any array as between bigint binary bit boolean by bytea case cast char character cross cube date decimal delete distinct
    double else end except exists extract filter float for from full group grouping having in inner insert int integer intersect
    interval into is join json lateral like map match materialized minus natural not null nullif number numeric nvarchar on or order
    outer over partition partitioning pivot precision qualify real recursive rollup row rows select sets some string struct table
    tablesample then time timestamp timestamp_ltz timestamp_ntz timestamp_tz timestamptz try_cast union unnest using values
    varbinary varchar view when where window with within
    """,
)

# Trino's manual, "List of functions and operators", as far as Athena engine version 3 has them
TRINO = _names(
    """
    abs acos all_match any_match any_value approx_distinct approx_most_frequent approx_percentile approx_set arbitrary array_agg
    array_distinct array_except array_intersect array_join array_last array_max array_min array_position array_remove array_sort
    array_union arrays_overlap asin at_timezone atan atan2 avg bit_count bitwise_and bitwise_and_agg bitwise_left_shift bitwise_not
    bitwise_or bitwise_or_agg bitwise_right_shift bitwise_xor bool_and bool_or cardinality cbrt ceil ceiling checksum chr classify
    coalesce codepoint combinations concat concat_ws contains contains_sequence corr cos cosh count count_if covar_pop covar_samp
    crc32 cume_dist current_date current_timestamp date date_add date_diff date_format date_parse date_trunc day day_of_month
    day_of_week day_of_year degrees dense_rank dow doy element_at empty_approx_set every exp first_value flatten floor format
    format_datetime format_number from_base from_base32 from_base64 from_base64url from_big_endian_32 from_big_endian_64 from_hex
    from_ieee754_32 from_ieee754_64 from_iso8601_date from_iso8601_timestamp from_iso8601_timestamp_nanos from_unixtime
    from_unixtime_nanos from_utf8 geometric_mean greatest hamming_distance hash_counts histogram hmac_md5 hmac_sha1 hmac_sha256
    hmac_sha512 hour human_readable_seconds if infinity intersection_cardinality inverse_beta_cdf inverse_normal_cdf is_finite
    is_infinite is_json_scalar is_nan jaccard_index json_array json_array_contains json_array_get json_array_length json_exists
    json_extract json_extract_scalar json_format json_object json_parse json_query json_size json_value kurtosis lag
    last_day_of_month last_value lead least length levenshtein_distance listagg ln localtime localtimestamp log log10 log2 lower
    lpad ltrim luhn_check make_set_digest map_agg map_concat map_entries map_filter map_from_entries map_keys map_union map_values
    map_zip_with max max_by md5 merge merge_set_digest millisecond min min_by minute mod month multimap_agg multimap_from_entries
    murmur3 nan ngrams none_match normal_cdf normalize now nth_value ntile nullif numeric_histogram parse_data_size parse_datetime
    parse_duration parse_presto_data_size percent_rank pi position pow power qdigest_agg quantile_at_value quarter radians rand
    random rank reduce reduce_agg regexp_count regexp_extract regexp_extract_all regexp_like regexp_position regexp_replace
    regexp_split regr_intercept regr_slope repeat replace reverse round row_number rpad rtrim second sequence sha1 sha256 sha512
    shuffle sign sin sinh skewness slice soundex split split_part split_to_map split_to_multimap spooky_hash_v2_32 spooky_hash_v2_64
    sqrt starts_with stddev stddev_pop stddev_samp strpos strrpos substr substring sum tan tanh tdigest_agg timezone_hour
    timezone_minute to_base to_base32 to_base64 to_base64url to_big_endian_32 to_big_endian_64 to_hex to_ieee754_32 to_ieee754_64
    to_iso8601 to_milliseconds to_unixtime to_utf8 transform transform_keys transform_values translate trim trim_array truncate try
    typeof upper url_decode url_encode url_extract_fragment url_extract_host url_extract_parameter url_extract_path url_extract_port
    url_extract_protocol url_extract_query uuid value_at_quantile values_at_quantiles var_pop var_samp variance version week
    week_of_year width_bucket wilson_interval_lower wilson_interval_upper with_timezone word_stem xxhash64 year year_of_week yow zip
    zip_with
    """,
)


def called(sql: str, tree: exp.Expression, dialect: str) -> Iterator[Token]:
    """The names before a bracket that are neither words of the language nor names that the statement itself gives."""
    own = {
        part.name.lower() for kind in (exp.TableAlias, exp.Schema) for named in tree.find_all(kind) for part in [named.this] if part
    }
    tokens = sqlglot.tokenize(sql, read=dialect)
    for token, following in pairwise(tokens):
        name = token.text.lower()
        named = following.token_type is TokenType.L_PAREN and token.token_type is not TokenType.IDENTIFIER and name.isidentifier()
        if named and name not in WORDS and name not in own:
            yield token


def unknown(sql: str, tree: exp.Expression) -> str | None:
    """Trino's message about the first function that it does not have."""
    for token in called(sql, tree, "trino"):
        if token.text.lower() not in TRINO:
            column = token.col - len(token.text) + 1
            return f"FUNCTION_NOT_FOUND: line {token.line}:{column}: Function '{token.text.lower()}' not registered"
    return None
