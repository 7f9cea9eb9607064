FROM debian:12
ARG CACHE=/root/.cache
RUN --mount=type=cache,target=${CACHE}/pip,id=pip-$TARGETARCH pip install x
RUN --mount=type=$KIND,target=/x true
