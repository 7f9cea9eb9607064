/**
 * A small shop of four services: nginx in front of a Python application, which counts its visitors in Redis and keeps its
 * notes in PostgreSQL. All of it out of Debian's packages.
 */
import type { Files } from "../../build/building.ts";
import { lines } from "../../build/building.ts";

/** The image that all of it stands on. */
export const SERVERS = "servers:1";

const compose = `
name: shop
services:
  front:
    image: ${SERVERS}
    command: [nginx, -g, daemon off;]
    ports: ["127.0.0.1::80"]
    configs:
      - source: nginx
        target: /etc/nginx/nginx.conf
    networks: [outside, inside]
    depends_on:
      app: { condition: service_healthy }
    healthcheck:
      <<: &often { interval: 30s, start_period: 30s, start_interval: 200ms, retries: 3 }
      test: [CMD, bash, -c, "exec 3<>/dev/tcp/127.0.0.1/80"]
  app:
    build: ./app
    init: true
    environment:
      DATABASE: postgresql://\${DB_USER:?who owns the database}@db/postgres
      REDIS: redis
    secrets: [{ source: db_password, uid: "1000", mode: 0400 }]
    networks: [inside]
    depends_on:
      db: { condition: service_healthy }
      redis: { condition: service_healthy }
    healthcheck:
      <<: *often
      test: [CMD, python3, -c, "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health')"]
  db:
    build: ./db
    restart: always
    shm_size: 64m
    environment: { DB_USER: "$DB_USER" }
    secrets: [{ source: db_password, uid: "$POSTGRES_UID", mode: 0400 }]
    volumes: [rows:/var/lib/postgresql/data]
    networks: [inside]
    healthcheck:
      <<: *often
      test: [CMD-SHELL, pg_isready -q -h 127.0.0.1 -U $$DB_USER]
  redis:
    image: ${SERVERS}
    user: redis
    command: redis-server --bind 0.0.0.0 --protected-mode no --save "" --dir /tmp
    networks: [inside]
    healthcheck:
      <<: *often
      test: redis-cli ping | grep -q PONG
configs:
  nginx: { file: ./nginx.conf }
secrets:
  db_password: { file: ./password.txt }
volumes:
  rows:
networks:
  outside:
  inside: { internal: true }
`;

/** A name in a variable is asked for again, of the network's own server; several addresses are taken in turns. */
const nginx = `
worker_processes 1;
error_log /dev/stderr;
pid /tmp/nginx.pid;
events {}
http {
  access_log off;
  resolver 127.0.0.11 valid=1s ipv6=off;
  server {
    listen 80;
    location / {
      set $application http://app:8000;
      proxy_pass $application;
    }
  }
}
`;

const server = `
import json, os, socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import psycopg2, redis

password = open("/run/secrets/db_password").read().strip()
visits = redis.Redis(os.environ["REDIS"])

def database():
    return psycopg2.connect(os.environ["DATABASE"], password=password)

class Shop(BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/health":
            return self.answer("well")
        with database() as connection, connection.cursor() as cursor:
            cursor.execute("select text from notes order by id")
            notes = [text for (text,) in cursor.fetchall()]
        self.answer({"by": socket.gethostname(), "visit": visits.incr("visits"), "notes": notes})

    def do_POST(self):
        text = self.rfile.read(int(self.headers["content-length"])).decode()
        with database() as connection, connection.cursor() as cursor:
            cursor.execute("insert into notes (text) values (%s) returning id", (text,))
            self.answer({"id": cursor.fetchone()[0]})

    def log_message(self, *words):
        pass

ThreadingHTTPServer(("", 8000), Shop).serve_forever()
`;

const initialize = `#!/bin/sh
set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb -U "$DB_USER" -A scram-sha-256 --pwfile=/run/secrets/db_password
  echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
  echo "create table notes (id serial, text text)" | postgres --single -j postgres
fi
exec postgres -h '*'
`;

/** The project's folder; `postgres` is the user's number in the image. */
export const files = (postgres: number): Files => ({
  "compose.yaml": compose,
  ".env": lines("DB_USER=shop", `POSTGRES_UID=${postgres}`),
  "nginx.conf": nginx,
  "password.txt": "tr0ub4dor&3",
  "app/Dockerfile": lines(
    `FROM ${SERVERS}`,
    "COPY server.py /srv/",
    "USER 1000",
    'CMD ["python3", "/srv/server.py"]',
  ),
  "app/server.py": server,
  "db/Dockerfile": lines(
    ...[`FROM ${SERVERS}`, "ENV PGDATA=/var/lib/postgresql/data PATH=$PATH:/usr/lib/postgresql/15/bin"],
    ...["RUN install -d -o postgres -m 700 $PGDATA", "COPY --chmod=755 initialize /usr/local/bin/"],
    ...["USER postgres", "STOPSIGNAL SIGINT", 'CMD ["initialize"]'],
  ),
  "db/initialize": initialize,
});
