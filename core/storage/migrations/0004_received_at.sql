-- Each fact from a feed carries the desk's time at which it was received, so that "what was known at
-- T" can be asked for any T. Facts from before count as known from their own moment.

alter table bars rename to bars_before;
create table bars (
    symbol varchar not null,
    timeframe varchar not null,
    session_date date not null,
    started_at timestamp not null,
    open double not null,
    high double not null,
    low double not null,
    close double not null,
    volume double not null,
    provider varchar not null,
    label varchar not null,
    fetched_at timestamp not null,
    received_at timestamp not null
);
insert into bars
select *, case timeframe when '1d' then session_date::timestamp + interval 1 day
    else started_at + interval 5 minute end
from bars_before order by rowid;
drop table bars_before;

create table news_items (
    news_id varchar not null,
    title varchar not null,
    source varchar not null,
    published_at timestamp not null,
    provider varchar not null,
    label varchar not null,
    received_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);
insert into news_items
select news_id, any_value(title), any_value(source), any_value(published_at), any_value(provider),
    any_value(label), any_value(published_at),
    json_merge_patch(any_value(body), json_object('symbol', null, 'symbols', list(symbol))),
    min(stored_at)
from news group by news_id order by min(stored_at);
drop table news;
alter table news_items rename to news;

create table news_readings (
    reading_id varchar not null,
    news_id varchar not null,
    story_id varchar not null,
    symbols varchar[] not null,
    sentiment double not null,
    method varchar not null,
    received_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);
insert into news_readings
select md5(news_id), news_id, news_id, (body->>'$.symbols')::json::varchar[], 0, 'none', received_at,
    json_object('news_id', news_id, 'story_id', news_id, 'symbols', body->'$.symbols',
        'sentiment', 0, 'method', 'none'),
    stored_at
from news;

alter table fundamentals rename to fundamentals_before;
create table fundamentals (
    fundamentals_id varchar not null,
    symbol varchar not null,
    as_of_date date not null,
    provider varchar not null,
    received_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);
insert into fundamentals
select fundamentals_id, symbol, as_of_date, provider, as_of_date::timestamp, body, stored_at
from fundamentals_before order by rowid;
drop table fundamentals_before;

create table corporate_actions (
    action_id varchar not null,
    symbol varchar not null,
    kind varchar not null,
    ex_date date not null,
    ratio double,
    amount_usd double,
    provider varchar not null,
    received_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);

create table quotes (
    symbol varchar not null,
    provider varchar not null,
    quoted_at timestamp not null,
    bid double,
    ask double,
    last double,
    received_at timestamp not null,
    body varchar not null,
    stored_at timestamp not null
);

-- What the checks noticed: a dispute of two providers, a revised bar, a split that nobody told.
create table data_findings (
    kind varchar not null,
    symbol varchar not null,
    text varchar not null,
    found_at timestamp not null,
    run_id varchar not null,
    body varchar not null,
    stored_at timestamp not null
);
