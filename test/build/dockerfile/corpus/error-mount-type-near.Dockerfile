FROM debian:12
RUN --mount=type=secrets,id=x true
