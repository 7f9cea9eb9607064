FROM debian:12
RUN --mount=type=cache,target=/x,mode=0988 true
