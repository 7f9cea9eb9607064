FROM debian:12
COPY --__proto__=x a b
