# escape=`
FROM scratch
COPY a b``
USER c
