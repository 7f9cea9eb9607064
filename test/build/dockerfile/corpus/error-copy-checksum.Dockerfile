FROM debian:12
COPY --checksum=sha256:0 a b
