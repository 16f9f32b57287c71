-- The server, and how this session reached it.
select current_setting('server_version'), current_setting('server_encoding'), session_user,
       current_user, current_database(),
       case when inet_client_addr() is null then 'socket'
         when inet_client_addr() <<= any ('{127.0.0.0/8,::1/128}'::inet[]) then 'loopback'
         else 'network' end,
       coalesce((select s.version from pg_stat_ssl s where s.pid = pg_backend_pid() and s.ssl), ''),
       pg_is_in_recovery();
