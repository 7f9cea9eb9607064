FROM python:3
RUN --mount=type=secret,id=aws,target=/root/.aws/credentials \
  aws s3 cp s3://... ...
RUN --mount=type=secret,id=API_KEY,env=API_KEY \
    some-command --token-from-env $API_KEY
RUN --mount=type=secret,id=k,required --mount=type=secret,id=l,required=true,mode=0440,uid=1,gid=2 true
RUN --mount=type=secret,target=/run/only/target true
