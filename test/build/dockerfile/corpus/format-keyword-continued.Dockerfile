FR\
OM debian:12
RUN\
 echo hello
