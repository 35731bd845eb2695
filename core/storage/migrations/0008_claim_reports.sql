-- What each generated text claims, and the fact behind each claim.

create table claim_reports (
    report_id varchar not null,
    subject_id varchar not null,
    part varchar not null,
    text_sha256 varchar not null,
    action varchar not null,
    checked_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);
