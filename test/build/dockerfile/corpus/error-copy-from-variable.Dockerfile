FROM debian:12
COPY --from=${STAGE} a b
