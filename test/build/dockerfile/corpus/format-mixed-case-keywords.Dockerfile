From debian:12 aS Base
rUn true
eXpOsE 80
