FROM debian:12 AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
COPY hello.c /
RUN gcc -static -Os -o /hello /hello.c
FROM scratch
COPY --from=build /hello /
ENTRYPOINT ["/hello"]
