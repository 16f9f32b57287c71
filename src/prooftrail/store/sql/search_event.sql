-- The entry of an event id, in each stream that has one.
{found}
 where l.event_id = {event_id}
 order by l.stream
