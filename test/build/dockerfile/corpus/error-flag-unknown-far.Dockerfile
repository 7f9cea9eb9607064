FROM debian:12
RUN --interactive true
