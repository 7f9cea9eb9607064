FROM debian:12
RUN --mount=type=secret,id=a,from=b true
