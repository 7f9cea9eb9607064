FROM debian:12
RUN --mount=type=tmpfs,target=/tmp,size=64m true
RUN --mount=type=TMPFS,target=/tmp true
