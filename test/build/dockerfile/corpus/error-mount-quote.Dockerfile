FROM debian:12
RUN --mount='type=bind,tar"get=/x' true
