FROM python:3.12 as base
ADD requirements.txt /
RUN pip install -r /requirements.txt

FROM python:3.12-slim
COPY --from=base /usr/local/lib/python3.12 /usr/local/lib/python3.12
ADD . /app
CMD python /app/main.py
