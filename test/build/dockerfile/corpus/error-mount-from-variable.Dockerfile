FROM debian:12
RUN --mount=from=$STAGE,target=/x true
