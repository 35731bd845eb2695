-- Where open plans stood when the monitor looked; one row a plan and newest bar.
create table plan_marks (
    tactic_id varchar not null,
    version integer not null,
    scenario_key varchar not null,
    marked_at timestamp not null,
    bars_to timestamp not null,
    status varchar not null,
    running_r double not null,
    body varchar not null,
    stored_at timestamp not null
);
