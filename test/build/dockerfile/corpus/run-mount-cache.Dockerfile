FROM ubuntu
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
  --mount=type=cache,target=/var/lib/apt,sharing=locked \
  apt-get update && apt-get --no-install-recommends install -y gcc
RUN --mount=type=cache,id=mine,target=/c,ro,sharing=PRIVATE,from=base,source=/x,mode=0700,uid=1000,gid=1000 true
