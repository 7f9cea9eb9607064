FROM debian:12
ENV MY_VAR my-value
ENV ONE TWO= THREE=world
ENV SPACED    a  b   c  
ENV QUOTED "a b" c
ENV DEPS \
    curl \
    git
