FROM debian:12
RUN --device=a,optional true
