FROM debian:12
RUN set -eux; \
	groupadd -r postgres --gid=999; \
# https://www.postgresql.org
	useradd -r -g postgres --uid=999 postgres; \
	mkdir -p /var/lib/postgresql
ENV PGDATA /var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
COPY --chmod=0755 <<'SH' /usr/local/bin/docker-entrypoint.sh
#!/usr/bin/env bash
set -Eeo pipefail
exec "$@"
SH
ENTRYPOINT ["docker-entrypoint.sh"]
STOPSIGNAL SIGINT
EXPOSE 5432
CMD ["postgres"]
