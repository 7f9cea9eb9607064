FROM debian:12
RUN echo 'we are running some # of cool things'
ENV COLOUR=#ff0000 NOTE="# not a comment"
LABEL issue=#12
USER app # with no comment
