# check=skip=all
FROM scratch AS X
