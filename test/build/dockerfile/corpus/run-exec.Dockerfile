FROM debian:12
RUN ["/bin/bash", "-c", "echo hello"]
RUN [ "echo" , "$HOME" ]
RUN ["c:\\windows\\system32\\tasklist.exe"]
RUN ["a", "\u00e9\t\"x\""]
RUN ["/bin/sh", \
     "-c", \
     "true"]
