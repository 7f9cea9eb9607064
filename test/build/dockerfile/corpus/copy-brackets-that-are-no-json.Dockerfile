FROM debian:12
COPY [abc].txt /dst/
COPY [a, b] /dst/
