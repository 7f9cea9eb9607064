FROM debian:12
RUN --network=hots true
