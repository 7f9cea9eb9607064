FROM debian:12
RUN --mount=type=cash,target=/x true
