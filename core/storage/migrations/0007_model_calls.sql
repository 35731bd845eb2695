-- Every question that was put to a language model, answered or not.

create table model_calls (
    call_id varchar not null,
    request_sha256 varchar not null,
    subject_id varchar not null,
    stage varchar not null,
    engine varchar not null,
    status varchar not null,
    run_id varchar not null,
    requested_at timestamp not null,
    cost_usd decimal(24, 6) not null,
    body varchar not null,
    stored_at timestamp not null
);
