FROM debian:12
RUN ["c:\windows\system32\tasklist.exe"]
RUN ['single', 'quotes']
RUN ["trailing", ]
RUN ["a"] && echo b
RUN [ -f /etc/passwd ] || exit 1
