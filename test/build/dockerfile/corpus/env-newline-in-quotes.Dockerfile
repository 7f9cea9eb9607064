FROM debian:12
ENV TEXT="first \
second" NEXT=1
