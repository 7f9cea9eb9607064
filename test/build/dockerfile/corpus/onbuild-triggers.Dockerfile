FROM alpine AS baseimage
ONBUILD ADD . /app/src
ONBUILD RUN /usr/local/bin/python-build --dir /app/src
ONBUILD COPY --from=build /usr/bin/app /app
ONBUILD RUN --mount=from=config,target=/opt/appconfig true
onbuild   env  A=1 \
   B=2
ONBUILD HEALTHCHECK NONE
ONBUILD CMD ["a"]
