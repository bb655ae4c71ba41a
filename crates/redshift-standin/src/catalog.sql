-- What Redshift has and PostgreSQL has not: functions, system views and what stands behind them. Run once a database.
set allow_system_table_mods = on;
set check_function_bodies = off;

create schema redshift_standin;
grant usage on schema redshift_standin to public;
grant create on schema public to public;

create table redshift_standin.settings (name text primary key, value text not null);
create table redshift_standin.table_design (
    table_id oid primary key, diststyle text not null, distkey text, sort_style text not null,
    sortkeys text[] not null, encodings jsonb not null
);
grant select, insert, delete on redshift_standin.table_design to public;
create table redshift_standin.load_history (
    user_name text, query_id bigint, transaction_id bigint, session_id integer, database_name text, status text, table_id oid,
    table_name text, start_time timestamp, end_time timestamp, source_file_count bigint, source_file_bytes bigint, loaded_rows bigint,
    loaded_bytes bigint, error_count bigint, data_source text, file_format text, is_committing boolean
);
create table redshift_standin.load_detail (
    user_name text, query_id bigint, transaction_id bigint, session_id integer, file_name text, bytes_scanned bigint,
    lines_scanned bigint, rows_loaded bigint, start_time timestamp, end_time timestamp, failed boolean, visible_from timestamptz
);
create table redshift_standin.load_error (
    user_name text, query_id bigint, transaction_id bigint, session_id integer, database_name text, table_id oid, start_time timestamp,
    visible_from timestamptz, file_name text, line_number bigint, column_name text, column_type text, column_length text,
    position integer, raw_line text, raw_field_value text, error_code integer, error_message text, start_offset bigint
);
create table redshift_standin.replacement (
    user_name text, query_id bigint, transaction_id bigint, session_id integer, database_name text, table_name text, file_name text,
    line_number bigint, column_name text, raw_line text
);

-- All users see their own rows, a super-user sees all.
create function redshift_standin.sees(user_name text) returns boolean stable language sql security invoker as
$$ select user_name = current_user or (select rolsuper from pg_roles where rolname = current_user) $$;

create view pg_catalog.sys_load_error_detail as
select
    100 as user_id, query_id, transaction_id, session_id, database_name::char(128), table_id::integer, start_time,
    left(file_name, 256)::char(256) as file_name, line_number, left(column_name, 127)::char(127) as column_name,
    left(column_type, 10)::char(10) as column_type, left(column_length, 10)::char(10) as column_length, position, error_code,
    left(error_message, 512)::char(512) as error_message
from redshift_standin.load_error
where redshift_standin.sees(user_name) and visible_from <= clock_timestamp();

create view pg_catalog.sys_load_history as
select
    100 as user_id, query_id, transaction_id, session_id, database_name, status, table_name, start_time, end_time,
    (extract(epoch from end_time - start_time) * 1000000)::bigint as duration, data_source, file_format, loaded_rows, loaded_bytes,
    source_file_count, source_file_bytes, 1::bigint as file_count_scanned, error_count
from redshift_standin.load_history
where redshift_standin.sees(user_name);

create view pg_catalog.sys_load_detail as
select
    100 as user_id, query_id, transaction_id, session_id, start_time, end_time,
    (extract(epoch from end_time - start_time) * 1000000)::bigint as duration, left(file_name, 256)::char(256) as file_name,
    bytes_scanned, lines_scanned, 1::bigint as splits_scanned
from redshift_standin.load_detail
where redshift_standin.sees(user_name) and visible_from <= clock_timestamp();

create view pg_catalog.sys_copy_replacements as
select
    100 as user_id, query_id, transaction_id, session_id, database_name, table_name, left(file_name, 256)::char(256) as file_name,
    line_number, left(column_name, 127)::char(127) as column_name, left(raw_line, 1024)::char(1024) as raw_line
from redshift_standin.replacement
where redshift_standin.sees(user_name);

create view pg_catalog.stl_load_errors as
select
    100 as userid, 0 as slice, table_id::integer as tbl, start_time as starttime, session_id as session, query_id::integer as query,
    left(file_name, 256)::char(256) as filename, line_number, left(column_name, 127)::char(127) as colname,
    left(column_type, 10)::char(10) as type, left(column_length, 10)::char(10) as col_length, position,
    left(raw_line, 1024)::char(1024) as raw_line, left(raw_field_value, 1024)::char(1024) as raw_field_value,
    error_code as err_code, left(error_message, 100)::char(100) as err_reason, 0 as is_partial, start_offset
from redshift_standin.load_error
where redshift_standin.sees(user_name) and visible_from <= clock_timestamp();

create view pg_catalog.stl_load_commits as
select
    100 as userid, query_id::integer as query, 0 as slice, left(file_name, 256)::char(256) as name, left(file_name, 256)::char(256) as filename,
    0 as byte_offset, lines_scanned as lines_scanned, 0 as errors, 1 as status, end_time as curtime, 0 as file_format
from redshift_standin.load_detail
where redshift_standin.sees(user_name) and not failed;

create view pg_catalog.stl_replacements as
select 100 as userid, query_id::integer as query, 0 as slice, session_id as session, file_name as filename, line_number, column_name as colname, raw_line
from redshift_standin.replacement
where redshift_standin.sees(user_name);

-- Roles are called after their database on the server. A super-user sees all, others those that they have.
create view pg_catalog.svv_roles as
select
    oid::integer as role_id, substr(rolname, length(current_database()) + 2) as role_name, null::text as role_owner,
    null::text as external_id
from pg_roles
where
    left(rolname, length(current_database()) + 1) = current_database() || ':'
    and (pg_has_role(current_user, oid, 'member') or (select rolsuper from pg_roles where rolname = current_user));

create view pg_catalog.stv_db_isolation_level as
select current_database()::name as db_name, value as isolation_level from redshift_standin.settings where name = 'isolation';

create function redshift_standin.count_rows(counted regclass) returns bigint stable language plpgsql as $$
declare
    found bigint;
begin
    execute format('select count(*) from %s', counted) into found;
    return found;
end $$;

create view pg_catalog.stv_slices as
select 0 as node, slice, slice as localslice, 'D'::char(1) as type
from generate_series(0, (select value::integer - 1 from redshift_standin.settings where name = 'slices')) as slice;

-- One row a table. Distribution and sort keys as they were written, not as the automation would choose them.
create view pg_catalog.svv_table_info as
select
    current_database()::text as "database", spaces.nspname::text as "schema", tables.oid as table_id, tables.relname::text as "table",
    case when design.encodings is null or design.encodings = '{}' then 'Y, AUTO(ENCODE)' else 'Y' end as encoded,
    case
        when design.table_id is null or design.diststyle = 'auto' then 'AUTO(ALL)'
        when design.diststyle = 'key' then 'KEY(' || design.distkey || ')'
        else upper(design.diststyle)
    end as diststyle,
    case
        when coalesce(cardinality(design.sortkeys), 0) = 0 then 'AUTO(SORTKEY)'
        when design.sort_style = 'interleaved' then 'INTERLEAVED'
        else design.sortkeys[1]
    end as sortkey1,
    coalesce(cardinality(design.sortkeys), 0) as sortkey_num,
    (pg_table_size(tables.oid) / 1048576)::bigint as size,
    redshift_standin.count_rows(tables.oid) as tbl_rows
from pg_class as tables
inner join pg_namespace as spaces on spaces.oid = tables.relnamespace
left join redshift_standin.table_design as design on design.table_id = tables.oid
where tables.relkind = 'r' and spaces.nspname not in ('pg_catalog', 'information_schema', 'redshift_standin', 'pg_toast') and has_table_privilege(tables.oid, 'select');

-- One row a column of the tables on the search path.
create view pg_catalog.pg_table_def as
select
    spaces.nspname as schemaname, tables.relname as tablename, columns.attname as "column",
    format_type(columns.atttypid, columns.atttypmod) as "type",
    coalesce(design.encodings ->> columns.attname, 'none') as encoding,
    coalesce(design.distkey = columns.attname, false) as distkey,
    coalesce(array_position(design.sortkeys, columns.attname::text), 0) as sortkey,
    columns.attnotnull as "notnull"
from pg_attribute as columns
inner join pg_class as tables on tables.oid = columns.attrelid
inner join pg_namespace as spaces on spaces.oid = tables.relnamespace
left join redshift_standin.table_design as design on design.table_id = tables.oid
where columns.attnum > 0 and not columns.attisdropped and tables.relkind = 'r' and spaces.nspname <> 'redshift_standin'
    and spaces.nspname = any(current_schemas(false) || (select nspname from pg_namespace where oid = pg_my_temp_schema()));

grant select on
    pg_catalog.sys_load_error_detail, pg_catalog.sys_load_history, pg_catalog.sys_load_detail, pg_catalog.sys_copy_replacements,
    pg_catalog.stl_load_errors, pg_catalog.stl_load_commits, pg_catalog.stl_replacements, pg_catalog.stv_db_isolation_level, pg_catalog.stv_slices,
    pg_catalog.svv_table_info, pg_catalog.pg_table_def, pg_catalog.svv_roles
to public;
grant select on redshift_standin.settings to public;

-- VARCHAR counts bytes and CHAR is ASCII: conditions that say so, on the columns that have none yet.
create function redshift_standin.guard(guarded regclass) returns void language plpgsql as $$
declare
    guarded_column record;
begin
    for guarded_column in
        select
            attname, atttypid, atttypmod - 4 as size,
            format('redshift_width_%s_%s', attnum, atttypmod - 4) as condition
        from pg_attribute
        where attrelid = guarded and attnum > 0 and not attisdropped and atttypmod > 4
            and atttypid in ('varchar'::regtype, 'bpchar'::regtype)
            and not exists (select from pg_constraint where conrelid = guarded and conname = format('redshift_width_%s_%s', attnum, atttypmod - 4))
    loop
        if guarded_column.atttypid = 'varchar'::regtype then
            execute format('alter table %s add constraint %I check (octet_length(%I) <= %s)',
                guarded, guarded_column.condition, guarded_column.attname, guarded_column.size);
        else
            execute format('alter table %s add constraint %I check (octet_length(%I) = %s)',
                guarded, guarded_column.condition, guarded_column.attname, guarded_column.size);
        end if;
    end loop;
end $$;

-- Keeps how a table lies; `taken_from` gives what was not said.
create function redshift_standin.record_design(
    made regclass, diststyle text, distkey text, sort_style text, sortkeys text[], encodings jsonb, taken_from text
) returns void language plpgsql as $$
declare
    wrong text;
begin
    select key into wrong from unnest(sortkeys || distkey) as key
    where key is not null and not exists (select from pg_attribute where attrelid = made and attname = key and attnum > 0);
    if wrong is not null then
        raise exception 'column "%" named in key does not exist', wrong using errcode = '42703';
    end if;
    if exists (select from redshift_standin.table_design as design where design.table_id = made) then
        return;
    end if;
    if taken_from is not null and distkey is null and diststyle = 'auto' and cardinality(sortkeys) = 0 then
        insert into redshift_standin.table_design
        select made, design.diststyle, design.distkey, design.sort_style, design.sortkeys, design.encodings
        from redshift_standin.table_design as design where design.table_id = to_regclass(taken_from);
    else
        insert into redshift_standin.table_design values (made, diststyle, distkey, sort_style, sortkeys, encodings);
    end if;
end $$;

-- The session.
-- A function that is built in cannot be replaced, as it is called by its number.
alter function pg_catalog.version() rename to postgres_version;
create function pg_catalog.version() returns text stable language sql as
$$ select value from redshift_standin.settings where name = 'version' $$;
create function pg_catalog.pg_last_copy_count() returns bigint stable language sql as
$$ select coalesce(nullif(current_setting('redshift_standin.last_copy_count', true), ''), '0')::bigint $$;
create function pg_catalog.pg_last_copy_id() returns bigint stable language sql as
$$ select coalesce(nullif(current_setting('redshift_standin.last_copy_id', true), ''), '-1')::bigint $$;
create function pg_catalog.pg_last_query_id() returns bigint stable language sql as
$$ select coalesce(nullif(current_setting('redshift_standin.last_copy_id', true), ''), '-1')::bigint $$;

-- Dates and times.
create function pg_catalog.getdate() returns timestamp stable language sql as
$$ select date_trunc('second', statement_timestamp() at time zone 'UTC') $$;
create function pg_catalog.sysdate() returns timestamp stable language sql as
$$ select transaction_timestamp() at time zone 'UTC' $$;
create function pg_catalog.dateadd(part text, number bigint, moment timestamp) returns timestamp immutable language sql as $$
    select case part
        when 'quarter' then moment + make_interval(months => (number * 3)::integer)
        when 'year' then moment + make_interval(years => number::integer)
        when 'month' then moment + make_interval(months => number::integer)
        when 'milliseconds' then moment + number * interval '1 millisecond'
        when 'microseconds' then moment + number * interval '1 microsecond'
        else moment + number * ('1 ' || part)::interval
    end
$$;
create function pg_catalog.datediff(part text, first timestamp, second timestamp) returns bigint immutable language sql as $$
    select case part
        when 'year' then extract(year from second) - extract(year from first)
        when 'quarter' then (extract(year from second) - extract(year from first)) * 4 + extract(quarter from second) - extract(quarter from first)
        when 'month' then (extract(year from second) - extract(year from first)) * 12 + extract(month from second) - extract(month from first)
        when 'milliseconds' then floor(extract(epoch from second) * 1000) - floor(extract(epoch from first) * 1000)
        when 'microseconds' then (extract(epoch from second) - extract(epoch from first)) * 1000000
        when 'second' then extract(epoch from date_trunc('second', second)) - extract(epoch from date_trunc('second', first))
        else (extract(epoch from date_trunc(part, second)) - extract(epoch from date_trunc(part, first))) / extract(epoch from ('1 ' || part)::interval)
    end::bigint
$$;
create function pg_catalog.trunc(moment timestamp) returns date immutable language sql as $$ select moment::date $$;
create function pg_catalog.last_day(moment timestamp) returns date immutable language sql as
$$ select (date_trunc('month', moment) + interval '1 month - 1 day')::date $$;
create function pg_catalog.add_months(moment timestamp, number integer) returns timestamp immutable language sql as
$$ select moment + make_interval(months => number) $$;
create function pg_catalog.convert_timezone(target text, moment timestamp) returns timestamp immutable language sql as
$$ select moment at time zone 'UTC' at time zone target $$;
create function pg_catalog.convert_timezone(source text, target text, moment timestamp) returns timestamp immutable language sql as
$$ select moment at time zone source at time zone target $$;

-- Texts and numbers.
create function pg_catalog.len(value text) returns integer immutable strict language sql as $$ select char_length(value) $$;
create function pg_catalog.charindex(part text, whole text) returns integer immutable strict language sql as $$ select strpos(whole, part) $$;
create function pg_catalog.strtol(digits text, base integer) returns bigint immutable strict language plpgsql as $$
declare
    number numeric := 0;
    place integer;
    bare text := lower(digits);
    negative boolean := false;
begin
    if left(bare, 1) in ('-', '+') then
        negative := left(bare, 1) = '-';
        bare := substr(bare, 2);
    end if;
    if base = 16 and left(bare, 2) = '0x' then
        bare := substr(bare, 3);
    end if;
    if bare = '' then
        return null;
    end if;
    for at in 1 .. length(bare) loop
        place := strpos(left('0123456789abcdefghijklmnopqrstuvwxyz', base), substr(bare, at, 1)) - 1;
        if place < 0 then
            raise exception 'The input % is not valid to be converted to base %', digits, base using errcode = '22P02';
        end if;
        number := number * base + place;
    end loop;
    number := case when negative then -number else number end;
    if number not between -9223372036854775808 and 9223372036854775807 then
        raise exception 'The input % is out of range', digits using errcode = '22003';
    end if;
    return number::bigint;
end $$;
create function pg_catalog.sha2(value text, bits integer) returns text immutable strict language sql as $$
    select encode(case bits
        when 224 then sha224(convert_to(value, 'UTF8'))
        when 384 then sha384(convert_to(value, 'UTF8'))
        when 512 then sha512(convert_to(value, 'UTF8'))
        else sha256(convert_to(value, 'UTF8'))
    end, 'hex')
$$;
create function redshift_standin.fnv1a(value bytea, seed numeric) returns bigint immutable strict language plpgsql as $$
declare
    hash numeric := seed;
    low integer;
begin
    for at in 0 .. length(value) - 1 loop
        low := mod(hash, 256)::integer;
        hash := mod((hash - low + (low # get_byte(value, at))) * 1099511628211, 18446744073709551616);
    end loop;
    return (case when hash >= 9223372036854775808 then hash - 18446744073709551616 else hash end)::bigint;
end $$;
create function pg_catalog.fnv_hash(value text) returns bigint immutable strict language sql as
$$ select redshift_standin.fnv1a(convert_to(value, 'UTF8'), 14695981039346656037) $$;
create function redshift_standin.middle(found double precision[]) returns double precision immutable language sql as
$$ select percentile_cont(0.5) within group (order by value) from unnest(found) as value $$;
create aggregate pg_catalog.median(double precision) (
    sfunc = array_append, stype = double precision[], finalfunc = redshift_standin.middle, initcond = '{}'
);

-- A boolean does not become text.
create function redshift_standin.no_text(value boolean) returns text immutable language plpgsql as $$
begin
    raise exception 'cannot cast type boolean to character varying' using errcode = '42846';
end $$;
update pg_catalog.pg_cast
set castfunc = 'redshift_standin.no_text(boolean)'::regprocedure
where castsource = 'boolean'::regtype and casttarget in ('text'::regtype, 'varchar'::regtype, 'bpchar'::regtype);
