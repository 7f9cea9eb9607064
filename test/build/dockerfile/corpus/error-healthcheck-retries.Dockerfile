FROM debian:12
HEALTHCHECK --retries=many CMD true
