# escape=
# syntax=x
FROM scratch
