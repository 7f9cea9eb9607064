FROM debian:12
RUN echo c:\\
USER app
