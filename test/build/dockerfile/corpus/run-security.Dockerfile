FROM ubuntu
RUN --security=insecure cat /proc/self/status | grep CapEff
RUN --security=sandbox true
