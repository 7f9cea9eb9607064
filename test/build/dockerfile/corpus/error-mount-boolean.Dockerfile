FROM debian:12
RUN --mount=target=/x,rw=maybe true
