-- question: How many events of which stream came on which day?
-- column stream: stream
-- column date: UTC day; 2000-01-01 where the event has no clock
-- column events: events, repeats removed
-- column strategies: strategies they are of
-- column sessions: sessions they are of
-- param from: date = 2000-01-01: first UTC day
-- param to: date = 9999-12-31: last UTC day
select
  stream,
  date,
  count(*) as events,
  count(distinct strategy_id) as strategies,
  count(distinct session_id) as sessions
from events
where date between :from and :to
group by stream, date
order by stream, date
