FROM debian:12
# comments are not continued \
RUN echo one
RUN echo two \
# nor here \
    three
USER app
