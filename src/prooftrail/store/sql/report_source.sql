-- Which database a report is of, and as of which state of it.
select current_database(), current_setting('server_version'),
       pg_current_snapshot()::text,
       case when pg_is_in_recovery() then pg_last_wal_replay_lsn()
            else pg_current_wal_lsn() end::text
