-- A split or dividend that its provider does not tell any more is withdrawn by one more row. What of
-- the settings a snapshot depends on is a fact too, so that an earlier one can be made again.

alter table corporate_actions rename to corporate_actions_before;
create table corporate_actions (
    action_id varchar not null,
    symbol varchar not null,
    kind varchar not null,
    ex_date date not null,
    ratio double,
    amount_usd double,
    provider varchar not null,
    withdrawn boolean not null,
    received_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);
insert into corporate_actions by name
select *, false as withdrawn from corporate_actions_before order by rowid;
drop table corporate_actions_before;

create table desk_configurations (
    configuration_id varchar not null,
    received_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);
