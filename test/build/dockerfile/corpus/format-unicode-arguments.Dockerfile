FROM debian:12
LABEL greeting="こんにちは 🌍" name=Zoë
RUN echo "ünïcödé" && \
    echo 🚀
WORKDIR /päth/to
