FROM debian:12
ONBUILD --once RUN true
