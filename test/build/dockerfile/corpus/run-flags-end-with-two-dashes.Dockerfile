FROM debian:12
RUN --network=none -- --not-a-flag
RUN -x is no flag
