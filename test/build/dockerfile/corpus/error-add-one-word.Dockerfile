FROM debian:12
ADD --chown=1 only
