FROM debian:12
HEALTHCHECK --timeout=10us CMD true
