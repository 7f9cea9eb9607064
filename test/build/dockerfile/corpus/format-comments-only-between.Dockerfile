# first
# second

# third
FROM debian:12
# fourth
RUN true
# fifth
