FROM alpine
RUN cat <<A \
  && echo done
text
A
