-- The entries that continue an event.
{found}
 where l.continues = {event_id} and l.stream = {stream}::smallint
