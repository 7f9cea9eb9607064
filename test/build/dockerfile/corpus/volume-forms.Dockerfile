FROM ubuntu
VOLUME ["/data"]
VOLUME /var/log /var/db
VOLUME $DIR
VOLUME ["/with blank", " /trimmed "]
VOLUME [/no/json]
