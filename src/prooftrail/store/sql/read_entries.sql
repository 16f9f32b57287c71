-- A segment of a stream as COPY BINARY: the header's fields (never null) first.
copy (
  select seq, recorded_us, kind, stream_id, prev, body, leaf, salt, event,
         event_id, occurred_us, pii, actor, role, action, resource_type, resource_id,
         result, ip
    from prooftrail.log
   where stream = {stream} and seq >= {start} and seq < {stop}
   order by seq, recorded_us
) to stdout (format binary)
