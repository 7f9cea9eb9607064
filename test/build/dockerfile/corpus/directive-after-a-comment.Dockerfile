# About my dockerfile
# escape=`
FROM scratch
RUN echo a \
    b
