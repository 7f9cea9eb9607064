FROM golang AS build
FROM scratch
COPY --from=build --chown=myuser:mygroup --chmod=644 --link --parents --exclude=*.txt --exclude=**/*.md files* /somedir/
COPY --from=nginx:latest /etc/nginx/nginx.conf /nginx.conf
COPY --from=0 --link=true --parents=false /a /b
COPY --link=FALSE --parents=True ./x/./y/*.txt /parents/
