-- Ledger. Grain: one version of a source object that was loaded. The highest file_no of a url is the current one.
create table if not exists load_files (
    file_no bigint not null,
    input varchar not null,
    url varchar not null,
    version varchar not null,
    size bigint not null,
    modified_at timestamp not null,
    lines bigint not null,
    accepted bigint not null,
    duplicates bigint not null,
    rejected bigint not null,
    run_id varchar not null
);
