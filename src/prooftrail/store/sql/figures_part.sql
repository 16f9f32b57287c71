-- Events of a part of a day, among days that are counted already.
select e.hour, e.result, e.action, e.role, e.pii, 1::bigint as n
  from ({rows}) e
