FROM debian:12
RUN --mount=type=bind,target=/x,size=1m true
