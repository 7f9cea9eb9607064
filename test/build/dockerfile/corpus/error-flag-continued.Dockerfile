FROM debian:12
RUN --network=none \
    --scurity=insecure \
    true
