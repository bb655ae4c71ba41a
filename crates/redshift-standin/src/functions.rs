//! The functions that Redshift documents, as far as loads, checks and questions use any.

/// Functions that can be called on tables.
pub const FUNCTIONS: &str = "\
    any_value approximate avg bit_and bit_or bool_and bool_or count listagg max median min percentile_cont
    percentile_disc stddev stddev_pop stddev_samp sum var_pop var_samp variance cume_dist dense_rank first_value lag
    last_value lead nth_value ntile percent_rank rank ratio_to_report row_number grouping coalesce decode greatest
    least nullif nvl nvl2 isnull add_months convert_timezone date_cmp date_part date_part_year date_trunc dateadd
    datediff extract getdate last_day months_between next_day sysdate timezone to_timestamp trunc abs acos asin atan
    atan2 cbrt ceil ceiling cos cot degrees dexp dlog1 dlog10 exp floor ln log mod pi pow power radians random round
    sign sin sqrt tan to_hex ascii bpcharcmp btrim bttext_pattern_cmp char_length character_length charindex chr
    collate concat crc32 difference initcap left len length lower lpad ltrim octetindex octet_length position
    quote_ident quote_literal regexp_count regexp_instr regexp_replace regexp_substr repeat replace replicate reverse
    right rpad rtrim soundex split_part strpos strtol substring textlen translate trim upper cast convert to_char
    to_date to_number text_to_int_alt text_to_numeric_alt try_cast can_json_parse is_valid_json is_valid_json_array
    json_array_length json_extract_array_element_text json_extract_path_text json_parse json_serialize checksum
    farmfingerprint64 fnv_hash func_sha1 md5 murmur3_32_hash sha sha1 sha2 current_aws_account current_database
    current_namespace current_schema current_setting current_user_id has_database_privilege has_schema_privilege
    has_table_privilege pg_backend_pid pg_cancel_backend pg_get_late_binding_view_cols pg_last_copy_count
    pg_last_copy_id pg_last_query_id pg_last_unload_count pg_terminate_backend pg_get_session_roles set_config
    user_is_member_of version object_id obj_description pg_get_viewdef format_type";

/// Functions that the leader node has alone, so that they fail on tables.
pub const LEADER_ONLY: &str = "\
    age current_time current_timestamp current_schemas generate_series isfinite localtime localtimestamp now overlaps
    pg_get_userbyid pg_get_expr pg_table_is_visible statement_timestamp timeofday to_ascii get_bit get_byte set_bit
    set_byte";

/// Words before a bracket that are no functions: keywords, and types with a size.
pub const NO_FUNCTIONS: &str = "\
    all and any as between bpchar by case char character compound decimal default delete distinct distkey else end
    except execute exists explain float from group having identity ilike in insert interleaved intersect into is join
    key like limit merge minus nchar not numeric nvarchar offset on or order over partition primary select set some
    sortkey then to union unique using values varchar varying view when where with within cube rollup sets update
    timestamp time";

/// Whether a list holds a word.
pub fn lists(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|listed| listed == word)
}
