-- Quarantine. Grain: one refused line. raw_bytes holds what raw cannot, as hexadecimal digits: bytes that are not
-- UTF-8. Texts have 65,535 bytes at most; of longer lines the beginning is kept.
create table if not exists load_rejects (
    run_id varchar(64) not null,
    input varchar(16) not null,
    url varchar(16384) not null,
    line bigint not null,
    byte_offset bigint not null,
    reason varchar(4096) not null,
    "raw" varchar(65535) not null,
    raw_length bigint not null,
    raw_bytes varchar(65535),
    file_no bigint not null
);
