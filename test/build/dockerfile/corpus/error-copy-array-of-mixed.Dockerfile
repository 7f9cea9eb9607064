FROM debian:12
COPY ["a", null, "b"]
