FROM debian:12
COPY --chmod=755 app.sh /app/
ARG MODE=440
COPY --chmod=$MODE . .
COPY --chmod=+x script.sh /app/
COPY --chmod=u=rwX,go=rX . /app/
COPY --chmod=g=u config/ /config/
