FROM debian:12
HEALTHCHECK --start-period=-1s CMD true
