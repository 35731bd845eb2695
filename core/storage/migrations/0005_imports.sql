-- What an operator's own files brought in: each import, and the rows of a broker's history.

create table imports (
    import_id varchar not null,
    kind varchar not null,
    file_name varchar not null,
    file_sha256 varchar not null,
    imported_at timestamp not null,
    rows_read bigint not null,
    rows_stored bigint not null,
    rows_duplicate bigint not null,
    rows_quarantined bigint not null,
    first_date date,
    last_date date,
    body varchar not null,
    stored_at timestamp not null
);

create table broker_activities (
    activity_id varchar not null,
    account varchar not null,
    activity_date date not null,
    place integer not null,
    traded varchar not null,
    code varchar not null,
    quantity decimal(24, 6),
    price decimal(24, 6),
    amount decimal(24, 6),
    body varchar not null,
    stored_at timestamp not null
);
