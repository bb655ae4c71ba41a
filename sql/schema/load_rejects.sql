-- Quarantine. Grain: one refused line. raw_bytes holds what raw cannot: bytes that are not UTF-8. On Redshift they are
-- hexadecimal digits, texts have 65,535 bytes at most, and of longer lines the beginning is kept.
create table if not exists load_rejects (
    run_id varchar not null,
    input varchar not null,
    url varchar not null,
    line bigint not null,
    byte_offset bigint not null,
    reason varchar not null,
    "raw" varchar not null,
    raw_length bigint not null,
    raw_bytes blob,
    file_no bigint not null
);
