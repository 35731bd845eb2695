-- The engine's runs and steps, mirrored at every change; the newest row of a key is its state.

create table runs (
    record_sha256 varchar not null,
    run_id varchar not null,
    workflow varchar not null,
    version varchar not null,
    status varchar not null,
    as_of timestamp,
    created_at timestamp not null,
    started_at timestamp,
    ended_at timestamp,
    error varchar,
    body varchar not null,
    stored_at timestamp not null
);

create table steps (
    record_sha256 varchar not null,
    run_id varchar not null,
    id varchar not null,
    uses varchar not null,
    status varchar not null,
    started_at timestamp,
    ended_at timestamp,
    seconds double,
    attempts integer not null,
    error varchar,
    body varchar not null,
    stored_at timestamp not null
);
