-- What the steps of a run logged, in the order they logged it.

create table log_lines (
    line_sha256 varchar not null,
    run_id varchar not null,
    step_id varchar not null,
    logged_at timestamp not null,
    level varchar not null,
    text varchar not null,
    body varchar not null,
    stored_at timestamp not null
);
