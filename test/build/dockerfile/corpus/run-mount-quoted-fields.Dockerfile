FROM debian:12
RUN --mount='type=bind,"source=a,b",target=/x' true
RUN --mount="type=cache,target=/with blank" true
