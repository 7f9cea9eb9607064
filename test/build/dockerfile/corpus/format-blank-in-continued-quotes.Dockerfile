FROM debian:12
RUN echo "\
     hello\
     world"
