-- On whose authority an entry was done, of four answers one. The inner select is kept by
-- itself (offset 0), so that an event is parsed once; what is denied by its result, never.
case when l.result = 'denied' then 'denied' else (
  select case when a.stated ->> 'decision' = 'denied' then 'denied'
              when a.stated ->> 'basis' = 'break_glass' then 'break-glass'
              when a.stated ->> 'decision' = 'allowed' then 'authorised'
              else 'unexplained' end
    from (select convert_from(l.event, 'UTF8')::json -> 'authorization' as stated
          offset 0) a) end
