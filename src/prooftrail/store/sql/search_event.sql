-- The entry of an event id, in each of the streams that has one.
{found}
 where l.event_id = {event_id} and l.stream = any({streams}::smallint[])
