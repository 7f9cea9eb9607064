FROM ubuntu
ENTRYPOINT ["top", "-b"]
CMD ["-c"]
ENTRYPOINT exec top -b
ENTRYPOINT []
ENTRYPOINT
