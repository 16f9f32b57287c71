"""Names that whoever guesses tries: they say nothing of anybody.

Guarantees: `is_public` says yes only to names that stand here, in any case, alone or
with one or two digits behind them, or with 123, 1234 and so on, as every list of
guesses has. People type a password where their name belongs; whatever does not stand
here may be one. Who types ``admin`` has given nothing away.

Source: the accounts that systems, databases, devices and their documents come with; the
most frequent first names.
"""

from __future__ import annotations

import re
from typing import Final

PUBLIC: Final = frozenset(
    """
    a aa abc access account accounts adm admin adminftp administrator adminuser alarm
    alex alice alpine amanda andrew anna anonymous ansible apache app appadmin apps
    appuser apt asterisk azureuser backup backups ben bin bitnami bob bot build cacti
    cactiuser camera carlos centos ceph chen chris cisco clamav client cloud cloudera
    consul contact couchdb cpanel cron csgo daemon dan daniel data database dave david
    db db2 db2admin db2fenc db2inst dbadmin dbus debian default demo deploy deployer
    desktop dev develop developer devops django dnsmasq docker dspace ec2-user elastic
    elasticsearch email emma eric es esuser exim factorio fedora firewall flask flume
    frank ftp ftpadmin ftptest ftpuser games gdm george geoserver ghost git gitea
    github gitlab gitlab-runner glassfish gnats gopher grafana guest hadoop haproxy
    hbase hdfs hduser hive home host hosting httpd ident info informix install
    installer iptv irc irc-server jack james jason jboss jeff jenkins jenny jim jira
    joe john joomla jose juan julia k8s kafka kali kernel kevin kodi kube kubernetes
    lab ldap lee li library libvirt linux lisa list liu live local localhost log
    logger login logs logstash lp luis mail mailadmin mailman man manager maria
    mariadb mark martin mary master matlab max mc media memcached mfs michael mike
    mine minecraft mongo mongodb monitor mtcl mumble munin musicbot mysql nagios named
    nas neo4j netadmin netdata network newuser nexus nfs nfsnobody nginx nick nobody
    noc node nologin ntp oper operator oracle osmc owncloud packer paul pbx pcap peter
    pgadmin pgsql pi plex podman pos postfix postgres postgresql postmaster print
    printer prod production prometheus proxy public puppet qemu qnap rabbitmq radio
    radius raspberry redis redmine remote replication reports riak richard robert
    rocky root router rpc rstudio rsync sa sales sam samba sarah sbin scan scanner
    security sergey server service setup sftp sftpuser share shell shutdown simon
    sinusbot site smb solr sonar spark splunk squid srv ssh sshd stack staff start
    steam steamcmd steve storage store student sub subversion sudo superadmin
    superuser supervisor support svn svnuser sync sys sysadm sysadmin syslog system
    teamspeak tech telecomadmin telnet temp terraria test tester testing testuser tftp
    thomas tim tmp tom tomcat tony tools toor trac training ts ts3 ts3server ubnt
    ubuntu undefined unifi unix unknown update upload user username users usuario uucp
    vagrant vbox video virus visitor vmail vnc voip vpn vps vyatta vyos wang web
    webadmin webftp weblogic webmaster webmin website webuser wiki will windows
    wordpress work worker wp www www-data wwwroot xbmc xrdp xu yang yarn zabbix zhang
    zhao zhou zimbra zookeeper
    """.split()  # noqa: SIM905  a list would be a page a letter
)
_DIGITS = re.compile(r"(?:[0-9]{1,2}|123|1234|12345|123456)$")


def is_public(name: str) -> bool:
    """Return whether a name is one that anybody would try.

    >>> is_public("Admin"), is_public("test09"), is_public("test2019")
    (True, True, False)
    """
    lower = name.lower()
    return lower in PUBLIC or _DIGITS.sub("", lower) in PUBLIC
