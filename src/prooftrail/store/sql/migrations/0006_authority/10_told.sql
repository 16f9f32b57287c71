-- On whose authority an entry was done, told from its result and its bytes, as searches have
-- told it until now. It serves the entries that are there already, and is dropped with that
-- done (20_column.sql): from then on the sealer writes the column, and verification compares
-- it. Bytes that are no JSON, which whoever dropped every guard put there, explain nothing
-- and do not hold a migration up: verification tells of them.
create function prooftrail.told_authority(result text, event bytea) returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp as $$
declare
  stated json;
begin
  if result = 'denied' then
    return 'denied';
  end if;
  stated := convert_from(event, 'UTF8')::json -> 'authorization';
  return case when stated ->> 'decision' = 'denied' then 'denied'
              when stated ->> 'basis' = 'break_glass' then 'break-glass'
              when stated ->> 'decision' = 'allowed' then 'authorised'
              else 'unexplained' end;
exception when data_exception or program_limit_exceeded then
  return 'unexplained';
end $$;
