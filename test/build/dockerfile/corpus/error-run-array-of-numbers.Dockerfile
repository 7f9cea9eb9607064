FROM debian:12
RUN ["sleep", 5]
