FROM debian:12
USER patrick
USER 1000:1000
USER ${APP_USER}:staff
USER name with blanks
