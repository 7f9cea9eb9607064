FROM golang AS build
WORKDIR /app
RUN --mount=type=bind,target=. go build -o /myapp ./cmd
RUN --mount=target=/src,from=build,source=/app,rw make
RUN --mount=type=bind,dst=/a,src=b,readonly=false,from=busybox true
RUN --mount=destination=/a,readwrite=true true
