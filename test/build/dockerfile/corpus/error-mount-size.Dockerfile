FROM debian:12
RUN --mount=type=tmpfs,target=/x,size=big true
